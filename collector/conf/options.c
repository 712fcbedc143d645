// The collector's command line and variables; see options.h. Called by redstart-collector and by `redstart run`.
#include "collector/conf/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "collector/conf/config.h"
#include "collector/conf/environment.h"
#include "collector/conf/otlp_destination.h"
#include "collector/conf/otlp_endpoint.h"
#include "collector/conf/resource.h"
#include "collector/conf/route_options.h"
#include "collector/conf/shared_options.h"
#include "collector/conf/value.h"

const char options_help[] =
    "Usage: redstart-collector [--loader PATH] [outputs] [options]\n"
    "The unprivileged half of redstart: receives what the loader's probes record and exports it.\n"
    "Started by `redstart run` or by its systemd unit; refuses to run as root.\n"
    "\n"
    "  --loader PATH             the loader's socket (default " OPTIONS_LOADER_SOCKET ")\n"
    "Outputs (default --print-traces):\n" SHARED_OPTIONS_OUTPUTS_HELP
    "Recordings, which hold what the loader sent (heads of requests included):\n"
    "  --record FILE             writes one while running; FILE must not exist\n"
    "  --replay FILE             prints what one gives, without a loader, and ends (- is standard input)\n"
    "  --replay-metrics          and then the page of metrics; alone, that only\n"
    "Options:\n" SHARED_OPTIONS_HELP "  --config FILE             redstart.yaml(5); SIGHUP reads it again\n"
    "  --help, --version\n"
    "OTEL_* and BEYLA_* variables: see redstart(1).\n";

// Settings of one value are numbered by enum setting from SETTING on; the schema knows the rest of them.
enum {
    OPTION_SETTING = 256,
    OPTION_LOADER = OPTION_SETTING + SETTING_MAX,
    OPTION_OTLP,
    OPTION_PROTOCOL,
    OPTION_ROUTE,
    OPTION_IGNORE_ROUTE,
    OPTION_CONFIG,
    OPTION_CONFIG_FD,
    OPTION_RECORD,
    OPTION_REPLAY,
    OPTION_REPLAY_METRICS,
    OPTION_HELP,
    OPTION_VERSION
};

// clang-format off
#define ROW(name, argument, number) {name, argument, NULL, number},
// clang-format on
static const struct option option_table[] = {
    SHARED_OPTIONS(ROW) // those of `redstart run`, too
    {"loader", required_argument, NULL, OPTION_LOADER},
    {"config-fd", required_argument, NULL, OPTION_CONFIG_FD},
    {"replay", required_argument, NULL, OPTION_REPLAY},
    {"replay-metrics", no_argument, NULL, OPTION_REPLAY_METRICS},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {0},
};

char *options_keep(struct collector_options *options, struct complaint *complaint, struct str text)
{
    char *copy = text_pool_keep(&options->texts, text);
    if (!copy)
        (void)complaint_error(complaint, "options and variables are longer than %d bytes in all", TEXT_POOL_SIZE);
    return copy;
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

// The first of the command line replaces what the file says.
static int option_otlp(struct collector_options *options, const char *value, struct complaint *complaint)
{
    if (options->targets && options->target[0].where)
        options->targets = 0;
    if (options->targets == OTLP_DESTINATIONS_MAX)
        return complaint_error(complaint, "--otlp %s: expected at most %d of them", value, OTLP_DESTINATIONS_MAX);
    options->target[options->targets++] = (struct otlp_target){.endpoint = value};
    return 0;
}

static int option_apply(struct collector_options *options, int option, const char *value, struct complaint *complaint)
{
    uint64_t number;
    switch (option) {
    case OPTION_LOADER:
        options->loader_socket = value;
        return value[0] ? 0 : complaint_error(complaint, "--loader: expected the path of the loader's socket");
    case OPTION_OTLP:
        return option_otlp(options, value, complaint);
    case OPTION_PROTOCOL:
        return option_protocol(options, value, complaint);
    case OPTION_ROUTE:
        return route_options_add(&options->routes, &(struct route_pattern){.pattern = value, .incoming = true},
                                 "--route", complaint);
    case OPTION_IGNORE_ROUTE:
        return route_options_ignore(&options->routes, value, complaint);
    case OPTION_CONFIG:
        options->config = value;
        return value[0] ? 0 : complaint_error(complaint, "--config: expected the name of a file");
    case OPTION_CONFIG_FD:
        if (value_number(str_from(value), 3, 1023, &number) < 0)
            return complaint_error(complaint, "--config-fd %s: expected the number of an open file", value);
        options->config_fd = (int)number;
        return 0;
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
    default: // of '?' and ':' getopt has advanced past the culprit
        return option >= OPTION_SETTING && option < OPTION_LOADER
                   ? setting_option(options, (enum setting)(option - OPTION_SETTING), value, complaint)
                   : -ENOENT;
    }
}

static int command_line_read(struct collector_options *options, int argc, char **argv, struct complaint *complaint)
{
    opterr = 0;
    optind = 0; // start over, for tests and for `redstart run`
    for (int option; (option = getopt_long(argc, argv, "+:", option_table, NULL)) != -1;) {
        int r = option_apply(options, option, optarg, complaint);
        if (r == -ENOENT && option == ':')
            return complaint_error(complaint, "%s: expected a value", argv[optind - 1]);
        if (r == -ENOENT && optopt > 0 && optopt < OPTION_SETTING)
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

// A replay is the same everywhere: no variable adds an output, and what needs time or a network is refused.
static int replay_check(struct collector_options *options, struct complaint *complaint)
{
    if (!options->replay)
        return complaint_error(complaint, "--replay-metrics: only with --replay");
    if (options->record || options->prometheus || options->targets)
        return complaint_error(complaint,
                               "--replay %s: prints only, --record, --prometheus and --otlp do not go with it",
                               options->replay);
    options->print_traces = options->print_traces || !options->replay_metrics;
    return 0;
}

static void options_init(struct collector_options *options)
{
    memset(options, 0, sizeof *options);
    options->loader_socket = OPTIONS_LOADER_SOCKET;
    options->config_fd = -1;
    setting_defaults(options);
}

// What several settings make together.
static void options_finish(struct collector_options *options)
{
    struct otlp_settings *push = &options->push;
    if (push->batch_max > push->queue_max)
        push->batch_max = push->queue_max;
    options->sampler = setting_sampler(options->sampler_name, options->sampler_arg);
    if (!options->replay && !options->print_traces && !options->prometheus && !options->otlp)
        options->print_traces = true;
}

// Variables; of a replay none that adds an output.
static int environment_read(struct collector_options *options, bool replay, char *const *environment,
                            struct complaint *complaint)
{
    bool print = options->print_traces, prometheus = options->prometheus;
    int r = resource_variable(options, environment, complaint);
    if (r < 0)
        return r;
    setting_variables(options, environment, complaint);
    if (replay) {
        options->print_traces = print;
        options->trace_format = TEXT_FORMAT_TEXT;
        options->prometheus = prometheus;
    }
    return 0;
}

// The command line is read first for what it says about the file, and last because it wins.
int options_parse(struct collector_options *options, int argc, char **argv, char *const *environment,
                  struct complaint *complaint)
{
    memset(complaint, 0, sizeof *complaint);
    options_init(options);
    int r = command_line_read(options, argc, argv, complaint);
    if (r < 0 || options->help || options->version)
        return r;
    const char *config =
        options->config ? options->config : environment_get_beyla(environment, "CONFIG_PATH", false, NULL);
    int config_fd = options->config_fd;
    bool replay = options->replay || options->replay_metrics;
    options_init(options);
    if (config)
        r = config_read(options, config, config_fd, complaint);
    if (r == 0)
        r = environment_read(options, replay, environment, complaint);
    if (r == 0)
        r = command_line_read(options, argc, argv, complaint);
    options->config = config;
    if (r == 0)
        r = replay ? replay_check(options, complaint) : otlp_destination_read(options, environment, complaint);
    if (r == 0 && options->web_config && !options->prometheus && !replay)
        r = complaint_error(complaint, "--web-config %s: only with --prometheus", options->web_config);
    if (r == 0)
        options_finish(options);
    return r;
}

void options_release(struct collector_options *options)
{
    yaml_release(&options->file);
    arena_release(&options->naming_arena);
}
