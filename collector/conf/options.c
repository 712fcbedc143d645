// The collector's command line and variables; see options.h. Called by redstart-collector and by `redstart run`.
#include "collector/conf/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "collector/conf/environment.h"
#include "collector/conf/otlp_endpoint.h"
#include "collector/conf/otlp_environment.h"
#include "collector/conf/propagators.h"
#include "collector/conf/value.h"
#include "collector/core/clock.h"

#define SERIES_TTL_SECONDS_MAX (366 * 24 * 3600)
#define SERIES_MAX_DEFAULT     2000
#define SERIES_MAX_MAX         100000

const char options_help[] =
    "Usage: redstart-collector [--loader PATH] [outputs] [options]\n"
    "The unprivileged half of redstart: receives what the loader's probes record and exports it.\n"
    "Started by `redstart run` or by its systemd unit; refuses to run as root.\n"
    "\n"
    "  --loader PATH             the loader's socket (default " OPTIONS_LOADER_SOCKET ")\n"
    "Outputs (default --print-traces):\n"
    "  --print-traces[=text|json]  one line per span on standard output\n"
    "  --prometheus [ADDR:]PORT  serves /metrics, /healthz and /readyz; PORT on localhost, :PORT on all addresses\n"
    "  --otlp URL                pushes metrics and traces by OTLP, e.g. to http://127.0.0.1:4318 or unix:///PATH;\n"
    "                            may be repeated: each of up to 8 destinations gets all\n"
    "  --otlp-protocol http/protobuf|grpc   of the --otlp before it, or of all if it comes first\n"
    "                            (default http/protobuf; a receiver's port for grpc is usually 4317)\n"
    "Recordings, which hold what the loader sent (heads of requests included):\n"
    "  --record FILE             writes one while running; FILE must not exist\n"
    "  --replay FILE             prints what one gives, without a loader, and ends (- is standard input)\n"
    "  --replay-metrics          and then the page of metrics; alone, that only\n"
    "Options:\n"
    "  --service-name NAME       names all services\n"
    "  --propagators LIST        headers of a caller's trace: tracecontext (default), b3, b3multi, none\n"
    "  --series-ttl SECONDS      forget series without traffic (default 300; 0: never)\n"
    "  --series-max N            series of each metric, the rest is counted in one overflow series (default 2000)\n"
    "  --log-level error|warn|info|debug   (default info)\n"
    "  --log-format text|json    (default text)\n"
    "  --help, --version\n"
    "OTEL_* and BEYLA_* variables: see redstart(1).\n";

enum {
    OPTION_LOADER = 256,
    OPTION_PRINT,
    OPTION_PROMETHEUS,
    OPTION_OTLP,
    OPTION_PROTOCOL,
    OPTION_SERVICE,
    OPTION_PROPAGATORS,
    OPTION_TTL,
    OPTION_SERIES_MAX,
    OPTION_LOG_LEVEL,
    OPTION_LOG_FORMAT,
    OPTION_CONFIG,
    OPTION_RECORD,
    OPTION_REPLAY,
    OPTION_REPLAY_METRICS,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option option_table[] = {
    {"loader", required_argument, NULL, OPTION_LOADER},
    {"print-traces", optional_argument, NULL, OPTION_PRINT},
    {"prometheus", required_argument, NULL, OPTION_PROMETHEUS},
    {"otlp", required_argument, NULL, OPTION_OTLP},
    {"otlp-protocol", required_argument, NULL, OPTION_PROTOCOL},
    {"service-name", required_argument, NULL, OPTION_SERVICE},
    {"propagators", required_argument, NULL, OPTION_PROPAGATORS},
    {"series-ttl", required_argument, NULL, OPTION_TTL},
    {"series-max", required_argument, NULL, OPTION_SERIES_MAX},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"record", required_argument, NULL, OPTION_RECORD},
    {"replay", required_argument, NULL, OPTION_REPLAY},
    {"replay-metrics", no_argument, NULL, OPTION_REPLAY_METRICS},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {0},
};

// What the command line gave, where that is not yet the final value.
struct given {
    bool log_level, propagators;
};

char *options_keep(struct collector_options *options, struct complaint *complaint, struct str text)
{
    char *copy = text_pool_keep(&options->texts, text);
    if (!copy)
        (void)complaint_error(complaint, "options and variables are longer than %d bytes in all", TEXT_POOL_SIZE);
    return copy;
}

static int trace_format_parse(const char *text, enum text_format *ret_format)
{
    if (strcasecmp(text, "text") == 0)
        *ret_format = TEXT_FORMAT_TEXT;
    else if (strcasecmp(text, "json") == 0)
        *ret_format = TEXT_FORMAT_JSON;
    else
        return -EINVAL;
    return 0;
}

static int option_prometheus(struct collector_options *options, const char *text, struct complaint *complaint)
{
    struct str address;
    if (value_listen(text, &address, &options->prometheus_port) < 0)
        return complaint_error(
            complaint,
            "--prometheus %s: expected PORT (localhost), :PORT (all addresses), ADDR:PORT or [V6]:PORT, "
            "with a port from 1 to 65535",
            text);
    options->prometheus = true;
    options->prometheus_address = NULL;
    if (address.p) {
        const char *copy = options_keep(options, complaint, address);
        if (!copy)
            return -EINVAL;
        options->prometheus_address = copy;
    }
    return 0;
}

// Of the --otlp before it, or of all if it comes first.
static int option_protocol(struct collector_options *options, const char *text, struct complaint *complaint)
{
    enum otlp_protocol protocol;
    if (!otlp_endpoint_protocol(text, &protocol))
        return complaint_error(complaint, "--otlp-protocol %s: expected http/protobuf or grpc", text);
    if (options->targets)
        options->target[options->targets - 1].protocol = text;
    else
        options->otlp_protocol = text;
    return 0;
}

static int option_apply(struct collector_options *options, struct given *given, int option, const char *value,
                        struct complaint *complaint)
{
    uint64_t number;
    switch (option) {
    case OPTION_LOADER:
        options->loader_socket = value;
        return value[0] ? 0 : complaint_error(complaint, "--loader: expected the path of the loader's socket");
    case OPTION_PRINT:
        options->print_traces = true;
        if (value && trace_format_parse(value, &options->trace_format) < 0)
            return complaint_error(complaint, "--print-traces=%s: expected text or json", value);
        return 0;
    case OPTION_PROMETHEUS:
        return option_prometheus(options, value, complaint);
    case OPTION_OTLP:
        if (options->targets == OTLP_DESTINATIONS_MAX)
            return complaint_error(complaint, "--otlp %s: expected at most %d of them", value, OTLP_DESTINATIONS_MAX);
        options->target[options->targets++].endpoint = value;
        return 0;
    case OPTION_PROTOCOL:
        return option_protocol(options, value, complaint);
    case OPTION_SERVICE:
        options->service_name = value;
        return value[0] && strlen(value) < SERVICE_NAME_MAX
                   ? 0
                   : complaint_error(complaint, "--service-name: expected 1 to %d bytes", SERVICE_NAME_MAX - 1);
    case OPTION_PROPAGATORS:
        given->propagators = true;
        return propagators_parse(value, &options->propagators, complaint);
    case OPTION_TTL:
        if (value_number(str_from(value), 0, SERIES_TTL_SECONDS_MAX, &number) < 0)
            return complaint_error(complaint, "--series-ttl %s: expected seconds from 0 (never) to %d", value,
                                   SERIES_TTL_SECONDS_MAX);
        options->series_ttl_ns = number * NS_PER_SEC;
        return 0;
    case OPTION_SERIES_MAX:
        if (value_number(str_from(value), 1, SERIES_MAX_MAX, &number) < 0)
            return complaint_error(complaint, "--series-max %s: expected a number from 1 to %d", value, SERIES_MAX_MAX);
        options->series_max = (unsigned)number;
        return 0;
    case OPTION_LOG_LEVEL:
        given->log_level = true;
        return log_level_parse(value, &options->log_level) == 0
                   ? 0
                   : complaint_error(complaint, "--log-level %s: expected error, warn, info or debug", value);
    case OPTION_LOG_FORMAT:
        return log_format_parse(value, &options->log_format) == 0
                   ? 0
                   : complaint_error(complaint, "--log-format %s: expected text or json", value);
    case OPTION_CONFIG:
        return complaint_error(complaint, "--config: configuration files are not available in this version; "
                                          "use options or OTEL_* variables");
    case OPTION_RECORD:
        options->record = value;
        return value[0] ? 0 : complaint_error(complaint, "--record: expected the name of a file");
    case OPTION_REPLAY:
        options->replay = value;
        return value[0] ? 0 : complaint_error(complaint, "--replay: expected the name of a recording");
    case OPTION_REPLAY_METRICS:
        options->replay_metrics = true;
        return 0;
    case OPTION_HELP:
        options->help = true;
        return 0;
    case OPTION_VERSION:
        options->version = true;
        return 0;
    default: // '?', ':': getopt has advanced past the culprit
        return -ENOENT;
    }
}

static int command_line_read(struct collector_options *options, struct given *given, int argc, char **argv,
                             struct complaint *complaint)
{
    opterr = 0;
    optind = 0; // start over, for tests and for `redstart run`
    for (int option; (option = getopt_long(argc, argv, "+:", option_table, NULL)) != -1;) {
        int r = option_apply(options, given, option, optarg, complaint);
        if (r == -ENOENT && option == ':')
            return complaint_error(complaint, "%s: expected a value", argv[optind - 1]);
        if (r == -ENOENT && optopt > 0 && optopt < OPTION_LOADER)
            return complaint_error(complaint, "-%c: unknown option; see --help", optopt);
        if (r == -ENOENT)
            return complaint_error(complaint, "%s: unknown option or unwanted value; see --help", argv[optind - 1]);
        if (r < 0)
            return r;
    }
    if (optind < argc)
        return complaint_error(complaint, "%s: expected an option; see --help", argv[optind]);
    return 0;
}

static void environment_read_prometheus(struct collector_options *options, char *const *environment,
                                        struct complaint *complaint)
{
    const char *name = NULL;
    const char *text = environment_get_beyla(environment, "PROMETHEUS_PORT", false, &name);
    uint64_t port = 0;
    if (text && value_number(str_from(text), 0, 65535, &port) < 0)
        complaint_warn(complaint, "%s=%s: expected a port from 1 to 65535, or 0 for none; ignored", name, text);
    if (port && !options->prometheus) {
        options->prometheus = true;
        options->prometheus_address = "";
        options->prometheus_port = (uint16_t)port;
    }
    const char *exporter = environment_get(environment, "OTEL_METRICS_EXPORTER");
    if (exporter && strcasecmp(exporter, "prometheus") == 0 && !options->prometheus) {
        const char *host = environment_get(environment, "OTEL_EXPORTER_PROMETHEUS_HOST");
        bool all = host && strcmp(host, "0.0.0.0") == 0;
        options->prometheus = true;
        options->prometheus_address = !host || strcasecmp(host, "localhost") == 0 ? NULL : all ? "" : host;
        port = 9464;
        environment_number(environment, "OTEL_EXPORTER_PROMETHEUS_PORT", 1, 65535, complaint, &port);
        options->prometheus_port = (uint16_t)port;
    }
    text = environment_get_beyla(environment, "PROMETHEUS_PATH", false, &name);
    if (text && text[0] == '/')
        options->prometheus_path = text;
    else if (text)
        complaint_warn(complaint, "%s=%s: expected a path that starts with /; ignored", name, text);
}

static void environment_read_print(struct collector_options *options, char *const *environment,
                                   struct complaint *complaint)
{
    const char *name = NULL;
    bool print = false;
    if (options->print_traces)
        return;
    const char *text = environment_get_beyla(environment, "PRINT_TRACES", true, &name);
    if (text && value_boolean_go(text, &print) < 0)
        complaint_warn(complaint, "%s=%s: expected true or false; ignored", name, text);
    options->print_traces = print;

    text = environment_get_beyla(environment, "TRACE_PRINTER", false, &name);
    if (text && trace_format_parse(text, &options->trace_format) == 0)
        options->print_traces = true;
    else if (text && strcasecmp(text, "disabled") != 0)
        complaint_warn(complaint, "%s=%s: expected text, json or disabled; ignored", name, text);

    text = environment_get(environment, "OTEL_TRACES_EXPORTER");
    if (text && strcasecmp(text, "console") == 0)
        options->print_traces = true;
}

static void environment_read_names(struct collector_options *options, const struct given *given,
                                   char *const *environment, struct complaint *complaint)
{
    if (!options->service_name) {
        const char *text = environment_get(environment, "OTEL_SERVICE_NAME");
        text = text ? text : environment_get_beyla(environment, "SERVICE_NAME", false, NULL);
        if (text && strlen(text) >= SERVICE_NAME_MAX)
            complaint_warn(complaint, "the service name of the environment is longer than %d bytes; ignored",
                           SERVICE_NAME_MAX - 1);
        else
            options->service_name = text;
    }
    options->known_methods = environment_get(environment, "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS");
    const char *name = "OTEL_LOG_LEVEL";
    const char *level = environment_get(environment, name);
    level = level ? level : environment_get_beyla(environment, "LOG_LEVEL", false, &name);
    if (!given->log_level && level && log_level_parse(level, &options->log_level) < 0)
        complaint_warn(complaint, "%s=%s: expected error, warn, info or debug; ignored", name, level);
}

// A replay is the same everywhere: no variable adds an output, and what needs time or a network is refused.
static int replay_check(struct collector_options *options, struct complaint *complaint)
{
    if (!options->replay)
        return complaint_error(complaint, "--replay-metrics: only with --replay");
    if (options->record || options->prometheus || options->targets)
        return complaint_error(complaint, "--replay %s: prints only, --record, --prometheus and --otlp do not go with it",
                               options->replay);
    options->print_traces = options->print_traces || !options->replay_metrics;
    return 0;
}

int options_parse(struct collector_options *options, int argc, char **argv, char *const *environment,
                  struct complaint *complaint)
{
    struct given given = {0};
    const char *name = NULL;
    memset(options, 0, sizeof *options);
    memset(complaint, 0, sizeof *complaint);
    options->loader_socket = OPTIONS_LOADER_SOCKET;
    options->series_ttl_ns = 300 * NS_PER_SEC;
    options->series_max = SERIES_MAX_DEFAULT;
    options->log_level = LOG_LEVEL_INFO;
    options->prometheus_path = "/metrics";
    options->propagators = propagators_default;
    otlp_environment_defaults(options);

    int r = command_line_read(options, &given, argc, argv, complaint);
    if (r < 0 || options->help || options->version)
        return r;
    if (environment_get_beyla(environment, "CONFIG_PATH", false, &name))
        return complaint_error(complaint,
                               "%s: configuration files are not available in this version; unset it and use "
                               "options or OTEL_* variables",
                               name);
    environment_read_names(options, &given, environment, complaint);
    if (options->replay || options->replay_metrics)
        return replay_check(options, complaint);
    if (!given.propagators)
        propagators_environment(environment, &options->propagators, complaint);
    environment_read_print(options, environment, complaint);
    environment_read_prometheus(options, environment, complaint);
    r = otlp_environment_read(options, environment, complaint);
    if (r == 0 && !options->print_traces && !options->prometheus && !options->otlp)
        options->print_traces = true;
    return r;
}
