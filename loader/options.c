// The loader's command line; see options.h.
#include "loader/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
    "Usage: redstart-loader --socket PATH --collector-uid UID [selectors] [options]\n"
    "Attaches redstart's BPF programs and hands their ring buffers to the collector.\n"
    "\n"
    "Selectors (repeatable, comma lists; none: every process but redstart's own):\n"
    "  --port LIST            processes that listen on these TCP ports, for example 8080,9000-9010\n"
    "  --exe GLOB             executables, by base name or, with a /, by full path\n"
    "  --pid N                a process and its children\n"
    "  --exclude-port LIST, --exclude-exe GLOB, --exclude-pid N\n"
    "\n"
    "Options:\n"
    "  --socket PATH          Unix socket to create for the collector\n"
    "  --collector-uid UID    the only user that may connect\n"
    "  --uid UID, --gid GID   who root becomes (default: the owner of the socket's directory)\n"
    "  --config FILE          more of these options, one per line without dashes (port = 8080)\n"
    "  --pin DIR              pin links and maps in this bpffs directory\n"
    "  --detach               remove what is pinned in --pin DIR, and exit\n"
    "  --log-level LEVEL      error, warn, info, debug\n"
    "  --log-format FORMAT    text, json\n"
    "  --help, --version\n";

enum option_id {
    OPTION_PORT = 256, OPTION_EXE, OPTION_PID, OPTION_EXCLUDE_PORT, OPTION_EXCLUDE_EXE, OPTION_EXCLUDE_PID,
    OPTION_SOCKET, OPTION_UID, OPTION_GID, OPTION_COLLECTOR_UID, OPTION_CONFIG, OPTION_PIN, OPTION_DETACH, OPTION_LOG_LEVEL, OPTION_LOG_FORMAT,
    OPTION_HELP, OPTION_VERSION,
};

static const struct option option_table[] = {
    {"port", required_argument, NULL, OPTION_PORT},
    {"exe", required_argument, NULL, OPTION_EXE},
    {"pid", required_argument, NULL, OPTION_PID},
    {"exclude-port", required_argument, NULL, OPTION_EXCLUDE_PORT},
    {"exclude-exe", required_argument, NULL, OPTION_EXCLUDE_EXE},
    {"exclude-pid", required_argument, NULL, OPTION_EXCLUDE_PID},
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"uid", required_argument, NULL, OPTION_UID},
    {"gid", required_argument, NULL, OPTION_GID},
    {"collector-uid", required_argument, NULL, OPTION_COLLECTOR_UID},
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"pin", required_argument, NULL, OPTION_PIN},
    {"detach", no_argument, NULL, OPTION_DETACH},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"log-format", required_argument, NULL, OPTION_LOG_FORMAT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

bool options_select_all(const struct loader_options *options)
{
    const struct selectors *include = &options->include;
    return !include->ports.any && !include->exe_count && !include->pid_count;
}

bool port_set_has(const struct port_set *set, uint16_t port)
{
    return set->bits[port >> 3] & (1 << (port & 7));
}

void port_set_add(struct port_set *set, uint16_t first, uint16_t last)
{
    for (uint32_t port = first; port <= last; port++)
        set->bits[port >> 3] |= (uint8_t)(1 << (port & 7));
    set->any = true;
}

static int refuse(const char *option, const char *value, const char *expected)
{
    fprintf(stderr, "redstart-loader: --%s '%s': expected %s\n", option, value, expected);
    return -EINVAL;
}

// A decimal number in [low, high] that ends at one of the characters of `ends` (or the text's end).
static int number_parse(const char *text, const char *ends, unsigned long low, unsigned long high, unsigned long *ret_value,
                        const char **ret_rest)
{
    char *rest;
    if (*text < '0' || *text > '9')
        return -EINVAL;
    errno = 0;
    unsigned long value = strtoul(text, &rest, 10);
    if (errno || value < low || value > high || (*rest && !strchr(ends, *rest)))
        return -EINVAL;
    *ret_value = value;
    *ret_rest = rest;
    return 0;
}

static int ports_parse(const char *option, const char *text, struct port_set *set)
{
    for (const char *at = text;; at++) {
        unsigned long first, last;
        if (number_parse(at, ",-", 1, 65535, &first, &at) < 0)
            return refuse(option, text, "TCP ports from 1 to 65535, as in 8080,9000-9010");
        last = first;
        if (*at == '-' && (number_parse(at + 1, ",", first, 65535, &last, &at) < 0))
            return refuse(option, text, "TCP ports from 1 to 65535, as in 8080,9000-9010");
        port_set_add(set, (uint16_t)first, (uint16_t)last);
        if (!*at)
            return 0;
    }
}

static int pids_parse(const char *option, const char *text, struct selectors *to)
{
    for (const char *at = text;; at++) {
        unsigned long pid;
        if (to->pid_count == OPTIONS_PIDS_MAX)
            return refuse(option, text, "at most 64 processes");
        if (number_parse(at, ",", 1, 4194304, &pid, &at) < 0)
            return refuse(option, text, "process ids, as in 4711 or 4711,4712");
        to->pid[to->pid_count++] = (pid_t)pid;
        if (!*at)
            return 0;
    }
}

// The list is cut in place: argv is ours.
static int globs_parse(const char *option, char *text, struct selectors *to)
{
    for (char *glob = strtok(text, ","); glob; glob = strtok(NULL, ",")) {
        if (to->exe_count == OPTIONS_GLOBS_MAX)
            return refuse(option, glob, "at most 32 globs");
        to->exe[to->exe_count++] = glob;
    }
    return to->exe_count ? 0 : refuse(option, "", "an executable's name or path");
}

static int option_apply(struct loader_options *options, int id, const char *name)
{
    const char *rest;
    unsigned long number;

    switch (id) {
    case OPTION_PORT:
        return ports_parse(name, optarg, &options->include.ports);
    case OPTION_EXCLUDE_PORT:
        return ports_parse(name, optarg, &options->exclude.ports);
    case OPTION_EXE:
        return globs_parse(name, optarg, &options->include);
    case OPTION_EXCLUDE_EXE:
        return globs_parse(name, optarg, &options->exclude);
    case OPTION_PID:
        return pids_parse(name, optarg, &options->include);
    case OPTION_EXCLUDE_PID:
        return pids_parse(name, optarg, &options->exclude);
    case OPTION_SOCKET:
        options->socket_path = optarg;
        return 0;
    case OPTION_PIN:
        options->pin_path = optarg;
        return 0;
    case OPTION_DETACH:
        options->detach = true;
        return 0;
    case OPTION_CONFIG:
        options->config_path = optarg;
        return 0;
    case OPTION_UID:
    case OPTION_GID:
    case OPTION_COLLECTOR_UID:
        if (number_parse(optarg, "", 1, UINT32_MAX - 1, &number, &rest) < 0)
            return refuse(name, optarg, "an id that is not root's");
        *(id == OPTION_UID ? &options->uid : id == OPTION_GID ? &options->gid : &options->collector_uid) = (uid_t)number;
        options->collector_uid_given = options->collector_uid_given || id == OPTION_COLLECTOR_UID;
        return 0;
    case OPTION_LOG_LEVEL:
        return log_level_parse(optarg, &options->log_level) < 0 ? refuse(name, optarg, "error, warn, info or debug") : 0;
    case OPTION_LOG_FORMAT:
        return log_format_parse(optarg, &options->log_format) < 0 ? refuse(name, optarg, "text or json") : 0;
    case OPTION_HELP:
        fputs(usage_text, stdout);
        exit(0);
    case OPTION_VERSION:
        puts("redstart-loader " REDSTART_VERSION " (" REDSTART_COMMIT ")");
        exit(0);
    default:
        return -EINVAL; // getopt has said why
    }
}

static int arguments_apply(struct loader_options *options, int argc, char **argv)
{
    int id, index = 0;

    optind = 0; // getopt starts anew: a file's options may have come before
    while ((id = getopt_long(argc, argv, "", option_table, &index)) != -1)
        if (option_apply(options, id, option_table[index].name) < 0)
            return -EINVAL;
    return optind < argc ? refuse("", argv[optind], "options only; see --help") : 0;
}

// The file's options come first, so that the command line wins; where the file is, the command line says.
static int file_apply(struct loader_options *options, int argc, char **argv)
{
    const char *path = NULL;
    char **arguments;

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "--config=", 9) == 0)
            path = argv[i] + 9;
        else if (strcmp(argv[i], "--config") == 0)
            path = argv[i + 1];
    if (!path)
        return 0;
    int count = options_file_read(path, &arguments);
    if (count < 0)
        return -EINVAL;
    if (arguments_apply(options, count, arguments) < 0) {
        fprintf(stderr, "redstart-loader: that was in %s\n", path);
        return -EINVAL;
    }
    return 0;
}

int options_parse(int argc, char **argv, struct loader_options *ret_options)
{
    memset(ret_options, 0, sizeof *ret_options);
    ret_options->log_level = LOG_LEVEL_INFO;
    if (file_apply(ret_options, argc, argv) < 0 || arguments_apply(ret_options, argc, argv) < 0)
        return -EINVAL;
    if (ret_options->detach)
        return ret_options->pin_path ? 0 : refuse("detach", "", "--pin DIR beside it");
    if (!ret_options->socket_path || !ret_options->collector_uid_given)
        return refuse("socket", "", "--socket PATH and --collector-uid UID; see --help");
    return 0;
}
