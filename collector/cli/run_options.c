// Options of `redstart run`; see run_options.h. Selectors go to the loader, outputs to the collector, each in its own
// words; what is left is the launcher's.
#include "collector/cli/run_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "collector/conf/environment.h"
#include "collector/conf/shared_options.h"

const char run_help[] =
    "Usage: redstart run [selectors] [outputs] [options]\n"
    "Starts the loader and an unprivileged collector in the foreground, until Ctrl-C. Needs root.\n"
    "\n"
    "Selectors; each may be repeated and takes a comma list; a process that matches any of them is observed;\n"
    "with none, every process but redstart's own:\n"
    "  --port 8080,9000-9010     processes that listen on the TCP port\n"
    "  --exe GLOB                executables, by base name or, if the glob has a /, by full path\n"
    "  --pid N                   a process and its children\n"
    "  --unit GLOB, --cgroup GLOB   systemd units (shop is shop.service), cgroup paths and what is below them\n"
    "  --exclude-port, --exclude-exe, --exclude-pid, --exclude-unit, --exclude-cgroup   the other way; they win\n"
    "Outputs; with none, --print-traces:\n" SHARED_OPTIONS_OUTPUTS_HELP "Options:\n" SHARED_OPTIONS_HELP
    "  --user NAME               of the collector (default redstart if that user exists, else an unused uid)\n"
    "  --record FILE             a recording for redstart-collector --replay; the collector's user creates it\n"
    "  --variant NAME            of the hooks: sockio-tp, sockio-fentry, sockio-sys (default: the best that this "
    "kernel has)\n"
    "  --config FILE             all of this and more in a file, redstart.yaml(5); SIGHUP reads it again\n"
    "  --help\n"
    "An option wins over an environment variable (OTEL_*, BEYLA_*; see redstart(1)), that over the file. Logs go to\n"
    "standard error.\n"
    "Exit codes: 0 done, 1 failed while running, 2 bad usage, 3 the kernel or the privileges do not suffice.\n";

// Selectors are numbered by enum selector_kind from SELECT or EXCLUDE on; PASS goes to the collector as it is.
enum { OPTION_SELECT = 256, OPTION_EXCLUDE = 512, OPTION_PASS = 768, OPTION_USER, OPTION_VARIANT, OPTION_HELP };

// clang-format off
#define PASSED_ROW(name, argument, number) {name, argument, NULL, OPTION_PASS},
// clang-format on
static const struct option option_table[] = {
    SHARED_OPTIONS(PASSED_ROW) // the collector's
    {"port", required_argument, NULL, OPTION_SELECT + SELECTOR_PORT},
    {"exe", required_argument, NULL, OPTION_SELECT + SELECTOR_EXE},
    {"pid", required_argument, NULL, OPTION_SELECT + SELECTOR_PID},
    {"unit", required_argument, NULL, OPTION_SELECT + SELECTOR_UNIT},
    {"cgroup", required_argument, NULL, OPTION_SELECT + SELECTOR_CGROUP},
    {"exclude-port", required_argument, NULL, OPTION_EXCLUDE + SELECTOR_PORT},
    {"exclude-exe", required_argument, NULL, OPTION_EXCLUDE + SELECTOR_EXE},
    {"exclude-pid", required_argument, NULL, OPTION_EXCLUDE + SELECTOR_PID},
    {"exclude-unit", required_argument, NULL, OPTION_EXCLUDE + SELECTOR_UNIT},
    {"exclude-cgroup", required_argument, NULL, OPTION_EXCLUDE + SELECTOR_CGROUP},
    {"variant", required_argument, NULL, OPTION_VARIANT},
    {"user", required_argument, NULL, OPTION_USER},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

// "--name=value", for the collector.
static int option_pass(struct run_options *options, const char *name, const char *value, struct complaint *complaint)
{
    char text[4096];
    int n = value ? snprintf(text, sizeof text, "--%s=%s", name, value) : snprintf(text, sizeof text, "--%s", name);
    if (n >= (int)sizeof text)
        return complaint_error(complaint, "--%s: expected at most %zu bytes", name, sizeof text - strlen(name) - 4);
    if (options->collector_count == RUN_COLLECTOR_ARGUMENTS_MAX)
        return complaint_error(complaint, "--%s: too many options", name);
    char *copy = text_pool_keep(&options->texts, str_from(text));
    if (!copy)
        return complaint_error(complaint, "options are longer than %d bytes in all", TEXT_POOL_SIZE);
    options->collector_arguments[options->collector_count++] = copy;
    return 0;
}

static int option_apply(struct run_options *options, int option, const char *name, const char *value,
                        struct complaint *complaint)
{
    char full[32];
    if (option == OPTION_HELP) {
        options->help = true;
        return 0;
    }
    if (option == OPTION_USER) {
        options->user = value;
        return value[0] ? 0 : complaint_error(complaint, "--user: expected the name of a user");
    }
    if (strcmp(name, "config") == 0) {
        options->config = value;
        if (!value[0])
            return complaint_error(complaint, "--config: expected the name of a file");
    }
    if (option == OPTION_VARIANT) {
        options->variant = value;
        return strcmp(value, "sockio-tp") == 0 || strcmp(value, "sockio-fentry") == 0 ||
                       strcmp(value, "sockio-sys") == 0
                   ? 0
                   : complaint_error(complaint, "--variant %s: expected sockio-tp, sockio-fentry or sockio-sys", value);
    }
    if (option == OPTION_PASS)
        return option_pass(options, name, value, complaint);
    bool exclude = option >= OPTION_EXCLUDE;
    snprintf(full, sizeof full, "--%s", name);
    return selectors_add(&options->selectors, (enum selector_kind)(option - (exclude ? OPTION_EXCLUDE : OPTION_SELECT)),
                         exclude, full, value, complaint);
}

static int command_line_read(struct run_options *options, int argc, char **argv, struct complaint *complaint)
{
    opterr = 0;
    optind = 0;
    for (int option, index = 0; (option = getopt_long(argc, argv, "+:", option_table, &index)) != -1;) {
        if (option == ':')
            return complaint_error(complaint, "%s: expected a value", argv[optind - 1]);
        if (option == '?' && optopt > 0 && optopt < OPTION_SELECT)
            return complaint_error(complaint, "-%c: unknown option; see redstart run --help", optopt);
        if (option == '?')
            return complaint_error(complaint, "%s: unknown option or unwanted value; see redstart run --help",
                                   argv[optind - 1]);
        int r = option_apply(options, option, option_table[index].name, optarg, complaint);
        if (r < 0)
            return r;
    }
    if (optind < argc)
        return complaint_error(complaint, "%s: expected an option; see redstart run --help", argv[optind]);
    return 0;
}

int run_options_parse(struct run_options *options, int argc, char **argv, char *const *environment,
                      struct complaint *complaint)
{
    memset(options, 0, sizeof *options);
    memset(complaint, 0, sizeof *complaint);
    int r = command_line_read(options, argc, argv, complaint);
    if (r < 0 || options->help)
        return r;
    r = selectors_environment(&options->selectors, environment, complaint);
    if (r < 0)
        return r;
    if (!options->config)
        options->config = environment_get_beyla(environment, "CONFIG_PATH", false, NULL);
    if (options->config)
        return 0;

    char *arguments[RUN_COLLECTOR_ARGUMENTS_MAX + 2] = {argv[0]};
    memcpy(arguments + 1, options->collector_arguments, options->collector_count * sizeof *arguments);
    r = options_parse(&options->collector, (int)options->collector_count + 1, arguments, environment, complaint);
    options->log_level = options->collector.log_level;
    options->log_format = options->collector.log_format;
    return r;
}
