// Options that `redstart run` takes as well and passes on as they are: once for both tables and both helps. Included by
// options.c, whose words the numbers are, and by cli/run_options.c, which has no use for them.
#pragma once

#include <getopt.h>

// X(name, argument, number)
#define SHARED_OPTIONS(X)                                                                                              \
    X("print-traces", optional_argument, OPTION_SETTING + SETTING_TRACES_PRINT)                                        \
    X("prometheus", required_argument, OPTION_SETTING + SETTING_PROMETHEUS_LISTEN)                                     \
    X("web-config", required_argument, OPTION_SETTING + SETTING_PROMETHEUS_WEB_CONFIG)                                 \
    X("otlp", required_argument, OPTION_OTLP)                                                                          \
    X("otlp-protocol", required_argument, OPTION_PROTOCOL)                                                             \
    X("service-name", required_argument, OPTION_SETTING + SETTING_SERVICE_NAME)                                        \
    X("propagators", required_argument, OPTION_SETTING + SETTING_PROPAGATORS)                                          \
    X("routes", required_argument, OPTION_SETTING + SETTING_ROUTES_UNMATCHED)                                          \
    X("route", required_argument, OPTION_ROUTE)                                                                        \
    X("ignore-route", required_argument, OPTION_IGNORE_ROUTE)                                                          \
    X("metric-names", required_argument, OPTION_SETTING + SETTING_METRICS_NAMES)                                       \
    X("series-ttl", required_argument, OPTION_SETTING + SETTING_METRICS_SERIES_TTL)                                    \
    X("self-instrumented-metrics", required_argument, OPTION_SETTING + SETTING_SELF_INSTRUMENTED_METRICS)              \
    X("self-instrumented-traces", required_argument, OPTION_SETTING + SETTING_SELF_INSTRUMENTED_TRACES)                \
    X("series-max", required_argument, OPTION_SETTING + SETTING_METRICS_SERIES_MAX)                                    \
    X("log-level", required_argument, OPTION_SETTING + SETTING_LOG_LEVEL)                                              \
    X("log-format", required_argument, OPTION_SETTING + SETTING_LOG_FORMAT)                                            \
    X("config", required_argument, OPTION_CONFIG)                                                                      \
    X("record", required_argument, OPTION_RECORD)

#define SHARED_OPTIONS_OUTPUTS_HELP                                                                                    \
    "  --print-traces[=text|json]  one line per span on standard output\n"                                             \
    "  --prometheus [ADDR:]PORT  serves /metrics, /healthz and /readyz; PORT on localhost, :PORT on all addresses\n"   \
    "  --web-config FILE         a web.yml (of Prometheus' exporter-toolkit) for it: TLS, users\n"                     \
    "  --otlp URL                pushes metrics and traces by OTLP, e.g. to http://127.0.0.1:4318 or unix:///PATH;\n"  \
    "                            may be repeated: each of up to 8 destinations gets all\n"                             \
    "  --otlp-protocol http/protobuf|grpc   of the --otlp before it, or of all if it comes first\n"                    \
    "                            (default http/protobuf; a receiver's port for grpc is usually 4317)\n"

#define SHARED_OPTIONS_HELP                                                                                            \
    "  --service-name NAME       names all services\n"                                                                 \
    "  --propagators LIST        headers of a caller's trace: tracecontext (default), b3, b3multi, none\n"             \
    "  --route PATTERN           http.route of requests it matches: /users/{id}, /static/*; may be repeated\n"         \
    "  --routes unset|wildcard|path|heuristic   the route of the others (default unset)\n"                             \
    "  --ignore-route PATTERN    no metrics and traces of requests it matches; may be repeated\n"                      \
    "  --metric-names otel|beyla1  what metrics are called; beyla1 as early Beyla's tutorial did (default otel)\n"     \
    "  --self-instrumented-metrics, --self-instrumented-traces keep|mute\n"                                            \
    "                            of services that push the same by OTLP themselves (default keep)\n"                   \
    "  --series-ttl SECONDS      forget series without traffic (default 300; 0: never)\n"                              \
    "  --series-max N            series of each metric, the rest is counted in one overflow series (default 2000)\n"   \
    "  --log-level error|warn|info|debug   (default info)\n"                                                           \
    "  --log-format text|json    (default text)\n"
