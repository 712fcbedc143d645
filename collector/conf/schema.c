// The table of redstart.yaml; see schema.h. Order here is order in the man page and in what `redstart check` prints.
#include "collector/conf/schema.h"

#include "collector/conf/options.h"
#include "collector/conf/route_options.h"
#include "collector/conf/web_config.h"
#include "collector/core/clock.h"

#define FIELD(member)                                                                                                  \
    .offset = offsetof(struct collector_options, member), .size = sizeof(((struct collector_options *)0)->member)
#define BEYLA(name) "BEYLA_" name " OTEL_EBPF_" name
#define HOUR        (3600 * NS_PER_SEC)
#define TEXT_MAX    255

static const char *const mutings[] = {"keep", "mute", NULL};
static const char *const prints[] = {"none", "text", "json", NULL};
static const char *const samplers[] = {"parentbased_always_on",
                                       "parentbased_always_off",
                                       "parentbased_traceidratio",
                                       "always_on",
                                       "always_off",
                                       "traceidratio",
                                       NULL};
static const char *const temporalities[] = {"cumulative", "delta", "lowmemory", NULL};
static const char *const histograms[] = {"explicit_bucket_histogram", "base2_exponential_bucket_histogram", NULL};
static const char *const exemplars[] = {"always_off", "trace_based", NULL};
static const char *const protocols[] = {"http/protobuf", "grpc", NULL};
static const char *const metric_names[] = {[METRIC_NAMES_OTEL] = "otel", [METRIC_NAMES_BEYLA1] = "beyla1", NULL};
static const char *const signals[] = {"metrics", "traces", NULL};
static const char *const compressions[] = {"none", "gzip", NULL};
static const char *const propagators[] = {"tracecontext", "baggage", "b3", "b3multi", "none", NULL};

const struct schema_row schema[] = {
    [SETTING_LOG_LEVEL] = {"log.level", SCHEMA_CHOICE, .names = log_level_names, .initial = "info",
                           .option = "--log-level", .variables = "OTEL_LOG_LEVEL " BEYLA("LOG_LEVEL"), FIELD(log_level),
                           .about = "What redstart says on standard error."},
    [SETTING_LOG_FORMAT] = {"log.format", SCHEMA_CHOICE, .names = log_format_names, .initial = "text",
                            .option = "--log-format", FIELD(log_format), .about = "How it says that."},
    [SETTING_SERVICE_NAME] = {"service.name", SCHEMA_TEXT, .min = 1, .max = SERVICE_NAME_MAX - 1,
                              .option = "--service-name", .variables = "OTEL_SERVICE_NAME " BEYLA("SERVICE_NAME"),
                              FIELD(service_name), .about = "Names all services; without it each has its own name."},
    [SETTING_PROPAGATORS] = {"propagators", SCHEMA_CHOICE, .many = true, .names = propagators,
                             .initial = "tracecontext", .option = "--propagators", .variables = "OTEL_PROPAGATORS",
                             .about = "Headers that a caller's trace is read from."},
    [SETTING_KNOWN_METHODS] = {"http.known_methods", SCHEMA_TEXT, .many = true, .at_start = true, .min = 1, .max = 32,
                               .variables = "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", FIELD(known_methods),
                               .about = "Request methods that are shown as they are; others are _OTHER."},
    [SETTING_ROUTES_UNMATCHED] = {"routes.unmatched", SCHEMA_CHOICE, .names = route_options_unmatched_names,
                                  .initial = "unset", .option = "--routes", FIELD(routes.unmatched),
                                  .about = "http.route of requests that no pattern matches: unset (none), wildcard "
                                           "(/**), path (as it came) or heuristic (learned)."},
    [SETTING_ROUTES_VALUES] = {"routes.values_per_segment", SCHEMA_NUMBER, .min = 1, .max = ROUTE_VALUES_MAX,
                               .initial = "50", FIELD(routes.values_per_segment),
                               .about = "Of learned routes: distinct values at one place before it becomes {id}."},
    [SETTING_TRACES_PRINT] = {"traces.print", SCHEMA_CHOICE, .at_start = true, .names = prints, .initial = "none",
                              .option = "--print-traces",
                              .variables =
                                  BEYLA("TRACE_PRINTER") " " BEYLA("PRINT_TRACES") " PRINT_TRACES OTEL_TRACES_EXPORTER",
                              .about = "One line per span on standard output. Text if there is no output at all."},
    [SETTING_TRACES_SAMPLER] = {"traces.sampler", SCHEMA_CHOICE, .names = samplers, .initial = "parentbased_always_on",
                                .variables = "OTEL_TRACES_SAMPLER", FIELD(sampler_name),
                                .about = "Which traces are pushed. Metrics count all."},
    [SETTING_TRACES_SAMPLER_ARG] = {"traces.sampler_arg", SCHEMA_RATIO, .initial = "1",
                                    .variables = "OTEL_TRACES_SAMPLER_ARG", FIELD(sampler_arg),
                                    .about = "Their share, for traceidratio and parentbased_traceidratio."},
    [SETTING_TRACES_DELAY] = {"traces.batch.schedule_delay", SCHEMA_DURATION, .max = HOUR, .initial = "5s",
                              .variables = "OTEL_BSP_SCHEDULE_DELAY", .variable_unit = NS_PER_MS,
                              FIELD(push.batch_delay_ns), .about = "How long a span may wait for others."},
    [SETTING_TRACES_QUEUE] = {"traces.batch.max_queue_size", SCHEMA_NUMBER, .min = 1, .max = 65536, .initial = "2048",
                              .at_start = true, .variables = "OTEL_BSP_MAX_QUEUE_SIZE", FIELD(push.queue_max),
                              .about = "Spans that may wait; more are dropped and counted."},
    [SETTING_TRACES_BATCH] = {"traces.batch.max_export_batch_size", SCHEMA_NUMBER, .min = 1, .max = 65536,
                              .initial = "512", .at_start = true, .variables = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                              FIELD(push.batch_max), .about = "Spans of one message."},
    [SETTING_TRACES_TIMEOUT] = {"traces.batch.export_timeout", SCHEMA_DURATION, .at_start = true, .min = NS_PER_MS,
                                .max = 24 * HOUR, .initial = "5m", .variables = "OTEL_BSP_EXPORT_TIMEOUT",
                                .variable_unit = NS_PER_MS, FIELD(push.give_up_ns[SELF_SIGNAL_TRACES]),
                                .about = "How long one message is tried, in all attempts together."},
    [SETTING_METRICS_INTERVAL] = {"metrics.interval", SCHEMA_DURATION, .min = NS_PER_MS, .max = 24 * HOUR,
                                  .initial = "60s", .variables = "OTEL_METRIC_EXPORT_INTERVAL",
                                  .variable_unit = NS_PER_MS, FIELD(push.metric_interval_ns),
                                  .about = "Between two pushes of metrics."},
    [SETTING_METRICS_TIMEOUT] = {"metrics.export_timeout", SCHEMA_DURATION, .at_start = true, .min = NS_PER_MS,
                                 .max = 24 * HOUR, .initial = "5m", .variables = "OTEL_METRIC_EXPORT_TIMEOUT",
                                 .variable_unit = NS_PER_MS, FIELD(push.give_up_ns[SELF_SIGNAL_METRICS]),
                                 .about = "How long one message is tried, in all attempts together."},
    [SETTING_METRICS_TEMPORALITY] = {"metrics.temporality", SCHEMA_CHOICE, .at_start = true, .names = temporalities,
                                     .initial = "cumulative",
                                     .variables = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                                     FIELD(push.temporality), .about = "Of pushed metrics."},
    [SETTING_METRICS_HISTOGRAM] = {"metrics.histogram", SCHEMA_CHOICE, .at_start = true, .names = histograms,
                                   .initial = "explicit_bucket_histogram",
                                   .variables = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                                   FIELD(push.exponential), .about = "The form of pushed histograms."},
    [SETTING_METRICS_BUCKETS_DURATION] =
        {"metrics.buckets.duration", SCHEMA_DURATION, .many = true, .at_start = true, .max = HOUR,
         .initial = "5ms,10ms,25ms,50ms,75ms,100ms,250ms,500ms,750ms,1s,2s500ms,5s,7s500ms,10s", FIELD(bounds_duration),
         .about = "Upper bounds of the explicit buckets of durations: at most 23, "
                  "each larger than the one before."},
    [SETTING_METRICS_BUCKETS_SIZE] = {"metrics.buckets.size", SCHEMA_NUMBER, .many = true, .at_start = true,
                                      .max = UINT64_C(1) << 53,
                                      .initial = "0,32,64,128,256,512,1024,2048,4096,8192,32768,131072,524288,1048576",
                                      FIELD(bounds_size), .about = "The same of body sizes, in bytes."},
    [SETTING_METRICS_EXEMPLARS] = {"metrics.exemplars", SCHEMA_CHOICE, .at_start = true, .names = exemplars,
                                   .initial = "trace_based", .variables = "OTEL_METRICS_EXEMPLAR_FILTER",
                                   FIELD(push.exemplars),
                                   .about = "Whether pushed histograms point at sampled traces."},
    [SETTING_METRICS_NAMES] = {"metrics.names", SCHEMA_CHOICE, .at_start = true, .names = metric_names,
                               .initial = "otel", .option = "--metric-names", FIELD(metric_names),
                               .about =
                                   "What metrics and their attributes are called: otel, or beyla1 as early Beyla's "
                                   "tutorial did (http_server_duration_seconds{http_method})."},
    [SETTING_METRICS_SERIES_MAX] = {"metrics.series_max", SCHEMA_NUMBER, .at_start = true, .min = 1, .max = 100000,
                                    .initial = "2000", .option = "--series-max", FIELD(series_max),
                                    .about = "Series of each metric; the rest is counted in one overflow series."},
    [SETTING_METRICS_SERIES_TTL] = {"metrics.series_ttl", SCHEMA_DURATION, .max = 366 * 24 * HOUR, .initial = "5m",
                                    .option = "--series-ttl", .option_unit = NS_PER_SEC, FIELD(series_ttl_ns),
                                    .about = "Series without traffic for so long are forgotten; 0: never."},
    [SETTING_SELF_INSTRUMENTED_METRICS] = {"self_instrumented.metrics", SCHEMA_CHOICE, .names = mutings,
                                           .initial = "keep", .option = "--self-instrumented-metrics",
                                           FIELD(self_instrumented.metrics),
                                           .about = "Whether requests of services that push metrics of their own by "
                                                    "OTLP/HTTP are counted all the same."},
    [SETTING_SELF_INSTRUMENTED_TRACES] = {"self_instrumented.traces", SCHEMA_CHOICE, .names = mutings,
                                          .initial = "keep", .option = "--self-instrumented-traces",
                                          FIELD(self_instrumented.traces),
                                          .about = "Whether spans of services that push traces of their own are shown "
                                                   "and pushed all the same."},
    [SETTING_PROMETHEUS_LISTEN] = {"prometheus.listen", SCHEMA_LISTEN, .at_start = true, .option = "--prometheus",
                                   .variables = BEYLA(
                                       "PROMETHEUS_PORT") " OTEL_METRICS_EXPORTER "
                                                          "OTEL_EXPORTER_PROMETHEUS_HOST OTEL_EXPORTER_PROMETHEUS_PORT",
                                   .about = "Serves /metrics, /healthz and /readyz there."},
    [SETTING_PROMETHEUS_PATH] = {"prometheus.path", SCHEMA_PATH, .at_start = true, .initial = "/metrics",
                                 .variables = BEYLA("PROMETHEUS_PATH"), FIELD(prometheus_path),
                                 .about = "Where the metrics are."},
    [SETTING_PROMETHEUS_WEB_CONFIG] = {"prometheus.web_config", SCHEMA_TEXT, .at_start = true, .min = 1,
                                       .max = WEB_PATH_MAX - 1, .option = "--web-config", FIELD(web_config),
                                       .about = "A web.yml of Prometheus' exporter-toolkit: TLS, users."},

    // Parts of lists and maps; each is read by the file of its section.
    {"service.attributes", SCHEMA_TEXTS, .variables = "OTEL_RESOURCE_ATTRIBUTES",
     .about = "Attributes of every resource; the variable's are added and win."},
    {"discovery.rules[].ports", SCHEMA_PORTS, .many = true, .about = "TCP ports that the process listens on."},
    {"discovery.rules[].exe", SCHEMA_TEXT, .many = true, .min = 1, .max = TEXT_MAX,
     .about = "Globs of the executable's base name or, with a /, its full path."},
    {"discovery.rules[].pid", SCHEMA_NUMBER, .many = true, .min = 1, .max = 4194304,
     .about = "The process or one that it descends from."},
    {"discovery.rules[].unit", SCHEMA_TEXT, .many = true, .min = 1, .max = TEXT_MAX,
     .about = "Globs of systemd units; shop is shop.service."},
    {"discovery.rules[].cgroup", SCHEMA_TEXT, .many = true, .min = 1, .max = TEXT_MAX,
     .about = "Globs of cgroup paths; a parent's suffices."},
    {"discovery.rules[].containers_only", SCHEMA_BOOLEAN, .about = "Only processes in containers."},
    {"discovery.rules[].name", SCHEMA_TEXT, .min = 1, .max = SERVICE_NAME_MAX - 1,
     .about = "service.name of what matches."},
    {"discovery.rules[].namespace", SCHEMA_TEXT, .min = 1, .max = SERVICE_NAME_MAX - 1,
     .about = "service.namespace of what matches."},
    {"discovery.rules[].attributes", SCHEMA_TEXTS, .about = "Resource attributes of what matches."},
    {"discovery.rules[].routes.incoming", SCHEMA_ROUTE, .many = true,
     .about = "Patterns of requests that the service of this name serves; they come before those for all."},
    {"discovery.rules[].routes.outgoing", SCHEMA_ROUTE, .many = true, .about = "Patterns of requests that it makes."},
    {"discovery.exclude[].ports", SCHEMA_PORTS, .many = true, .about = "As in rules, the other way; excludes win."},
    {"discovery.exclude[].exe", SCHEMA_TEXT, .many = true, .min = 1, .max = TEXT_MAX, .about = "As in rules."},
    {"discovery.exclude[].pid", SCHEMA_NUMBER, .many = true, .min = 1, .max = 4194304, .about = "As in rules."},
    {"discovery.exclude[].unit", SCHEMA_TEXT, .many = true, .min = 1, .max = TEXT_MAX, .about = "As in rules."},
    {"discovery.exclude[].cgroup", SCHEMA_TEXT, .many = true, .min = 1, .max = TEXT_MAX, .about = "As in rules."},
    {"discovery.exclude[].containers_only", SCHEMA_BOOLEAN, .about = "As in rules."},
    {"routes.incoming", SCHEMA_ROUTE, .many = true, .option = "--route",
     .about = "Patterns of requests served: /users/{id}, /static/*."},
    {"routes.outgoing", SCHEMA_ROUTE, .many = true, .about = "Patterns of requests made."},
    {"routes.ignore[].pattern", SCHEMA_ROUTE, .option = "--ignore-route", .about = "Requests that are left out."},
    {"routes.ignore[].signals", SCHEMA_CHOICE, .many = true, .names = signals, .about = "Of these; both by default."},
    {"attributes.select.*.include", SCHEMA_TEXT, .many = true, .at_start = true, .min = 1, .max = 127,
     .about =
         "Globs of the attributes that metrics have whose names match the key, a glob too (http.server.*), or that "
         "spans have (traces). In place of the default. Names with dots or as on the page of metrics."},
    {"attributes.select.*.exclude", SCHEMA_TEXT, .many = true, .at_start = true, .min = 1, .max = 127,
     .about = "Those that they do not have. Series that then differ in nothing are one."},
    {"otlp[].endpoint", SCHEMA_TEXT, .min = 1, .max = 1023, .option = "--otlp",
     .variables = "OTEL_EXPORTER_OTLP_ENDPOINT",
     .about = "A place to push to: http://HOST:4318, https://..., unix:///PATH."},
    {"otlp[].protocol", SCHEMA_CHOICE, .names = protocols, .initial = "http/protobuf", .option = "--otlp-protocol",
     .variables = "OTEL_EXPORTER_OTLP_PROTOCOL", .about = "What is spoken there."},
    {"otlp[].signals", SCHEMA_CHOICE, .many = true, .names = signals,
     .about = "What is pushed there; both by default."},
    {"otlp[].headers", SCHEMA_TEXTS, .variables = "OTEL_EXPORTER_OTLP_HEADERS", .about = "Sent with each request."},
    {"otlp[].compression", SCHEMA_CHOICE, .names = compressions, .initial = "none",
     .variables = "OTEL_EXPORTER_OTLP_COMPRESSION", .about = "Of what is pushed."},
    {"otlp[].timeout", SCHEMA_DURATION, .max = HOUR, .initial = "10s", .variables = "OTEL_EXPORTER_OTLP_TIMEOUT",
     .about = "Of one attempt; retries go on for 5 minutes. 0: none."},
    {"otlp[].certificate", SCHEMA_TEXT, .min = 1, .max = TEXT_MAX, .variables = "OTEL_EXPORTER_OTLP_CERTIFICATE",
     .about = "PEM file of the authorities to believe; without it the system's."},
    {"otlp[].client_certificate", SCHEMA_TEXT, .min = 1, .max = TEXT_MAX,
     .variables = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", .about = "PEM file of our own certificate."},
    {"otlp[].client_key", SCHEMA_TEXT, .min = 1, .max = TEXT_MAX, .variables = "OTEL_EXPORTER_OTLP_CLIENT_KEY",
     .about = "PEM file of its key."},
};
const unsigned schema_rows = array_size(schema);
