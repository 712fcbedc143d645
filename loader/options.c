// The loader's options, from the command line and from root's file; see options.h. One table, one way to apply a value.
#include "loader/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX 65536

static const char usage_text[] =
    "Usage: redstart-loader --socket PATH --collector-uid UID [options]\n"
    "Attaches redstart's BPF programs and hands their ring buffers to the collector. See redstart-loader(8).\n"
    "\n"
    "What to observe (repeatable, comma lists; nothing: every process but redstart's own):\n"
    "  --port LIST, --exe GLOB, --pid N, --exclude-port LIST, --exclude-exe GLOB, --exclude-pid N\n"
    "Whom to serve, and as whom:\n"
    "  --socket PATH, --collector-uid UID, --uid UID, --gid GID (default: the owner of the socket's directory)\n"
    "Others:\n"
    "  --pin DIR, --detach, --config FILE, --log-level LEVEL, --log-format text|json, --help, --version\n";

// Reads text into the option's place; NULL, or what was expected.
typedef const char *apply_fn(char *text, void *place);

static apply_fn ports_apply, globs_apply, pids_apply, text_apply, id_apply, level_apply, format_apply;

static const struct option_row {
    const char *name;
    apply_fn *apply; // NULL: a flag
    size_t place;
} option_table[] = {
    {"port", ports_apply, offsetof(struct loader_options, include.ports)},
    {"exe", globs_apply, offsetof(struct loader_options, include)},
    {"pid", pids_apply, offsetof(struct loader_options, include)},
    {"exclude-port", ports_apply, offsetof(struct loader_options, exclude.ports)},
    {"exclude-exe", globs_apply, offsetof(struct loader_options, exclude)},
    {"exclude-pid", pids_apply, offsetof(struct loader_options, exclude)},
    {"socket", text_apply, offsetof(struct loader_options, socket_path)},
    {"collector-uid", id_apply, offsetof(struct loader_options, collector_uid)},
    {"uid", id_apply, offsetof(struct loader_options, uid)},
    {"gid", id_apply, offsetof(struct loader_options, gid)},
    {"pin", text_apply, offsetof(struct loader_options, pin_path)},
    {"config", text_apply, offsetof(struct loader_options, config_path)},
    {"log-level", level_apply, offsetof(struct loader_options, log_level)},
    {"log-format", format_apply, offsetof(struct loader_options, log_format)},
    {"detach", NULL, offsetof(struct loader_options, detach)},
    {"help", NULL, offsetof(struct loader_options, help)},
    {"version", NULL, offsetof(struct loader_options, version)},
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

static const char *ports_apply(char *text, void *place)
{
    for (const char *at = text;; at++) {
        unsigned long first, last;
        if (number_parse(at, ",-", 1, 65535, &first, &at) < 0)
            return "TCP ports from 1 to 65535, as in 8080,9000-9010";
        last = first;
        if (*at == '-' && number_parse(at + 1, ",", first, 65535, &last, &at) < 0)
            return "TCP ports from 1 to 65535, as in 8080,9000-9010";
        port_set_add(place, (uint16_t)first, (uint16_t)last);
        if (!*at)
            return NULL;
    }
}

static const char *pids_apply(char *text, void *place)
{
    struct selectors *to = place;
    for (const char *at = text;; at++) {
        unsigned long pid;
        if (to->pid_count == OPTIONS_PIDS_MAX || number_parse(at, ",", 1, 4194304, &pid, &at) < 0)
            return "process ids, as in 4711 or 4711,4712, 64 at most";
        to->pid[to->pid_count++] = (pid_t)pid;
        if (!*at)
            return NULL;
    }
}

// The list is cut in place: it is ours.
static const char *globs_apply(char *text, void *place)
{
    struct selectors *to = place;
    unsigned before = to->exe_count;
    for (char *glob = strtok(text, ","); glob; glob = strtok(NULL, ","))
        if (to->exe_count < OPTIONS_GLOBS_MAX)
            to->exe[to->exe_count++] = glob;
        else
            return "32 globs at most";
    return to->exe_count > before ? NULL : "an executable's name or path";
}

static const char *text_apply(char *text, void *place)
{
    *(const char **)place = text;
    return *text ? NULL : "a path";
}

static const char *id_apply(char *text, void *place)
{
    unsigned long number;
    const char *rest;
    if (number_parse(text, "", 1, UINT32_MAX - 1, &number, &rest) < 0)
        return "an id that is not root's";
    *(uid_t *)place = (uid_t)number;
    return NULL;
}

static const char *level_apply(char *text, void *place)
{
    return log_level_parse(text, place) < 0 ? "error, warn, info or debug" : NULL;
}

static const char *format_apply(char *text, void *place)
{
    return log_format_parse(text, place) < 0 ? "text or json" : NULL;
}

static const struct option_row *option_find(const char *name, size_t size)
{
    for (unsigned i = 0; i < array_size(option_table); i++)
        if (strlen(option_table[i].name) == size && memcmp(option_table[i].name, name, size) == 0)
            return &option_table[i];
    return NULL;
}

// value: NULL if none was given.
static int option_apply(struct loader_options *options, const struct option_row *row, char *value, const char *where)
{
    void *place = (char *)options + row->place;
    const char *expected = row->apply ? "a value" : value ? "no value" : NULL;

    if (row->apply && value) {
        cleanup_free char *said = strdup(value); // a list is cut in pieces
        expected = row->apply(value, place);
        if (expected)
            fprintf(stderr, "redstart-loader: %s%s '%s': expected %s\n", where, row->name, said ? said : "", expected);
    } else if (expected) {
        fprintf(stderr, "redstart-loader: %s%s: expected %s\n", where, row->name, expected);
    } else {
        *(bool *)place = true;
    }
    return expected ? -EINVAL : 0;
}

static int arguments_apply(struct loader_options *options, char **argv)
{
    for (char **at = argv + 1; *at; at++) {
        char *name = *at, *value = strchr(name, '=');
        const struct option_row *row =
            strncmp(name, "--", 2) == 0 ? option_find(name + 2, value ? (size_t)(value - name - 2) : strlen(name + 2)) : NULL;
        if (!row) {
            fprintf(stderr, "redstart-loader: %s: there is no such option; see --help\n", name);
            return -EINVAL;
        }
        value = value ? value + 1 : row->apply ? *++at : NULL;
        if (option_apply(options, row, value, "--") < 0)
            return -EINVAL;
        if (!*at)
            break;
    }
    return 0;
}

// The whole file as text that lives as long as the program; NULL after a message.
static char *file_read(const char *path)
{
    static char text[FILE_MAX + 2];
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat info;
    const char *wrong = NULL;

    if (fd < 0 || fstat(fd, &info) < 0)
        wrong = strerror(errno);
    else if (!S_ISREG(info.st_mode) || (info.st_uid != 0 && info.st_uid != geteuid()) || info.st_mode & 022)
        wrong = "must be a file of root's that nobody else may write (chown root, chmod go-w)";
    ssize_t n = wrong ? 0 : read(fd, text, FILE_MAX + 1);
    if (!wrong && (n < 0 || n > FILE_MAX || memchr(text, 0, (size_t)n)))
        wrong = "must be text of at most 64 KiB";
    if (wrong)
        fprintf(stderr, "redstart-loader: %s: %s\n", path, wrong);
    return wrong ? NULL : text;
}

// "port = 8080", "port 8080", "# a comment".
static int file_apply(struct loader_options *options, const char *path)
{
    char *text = file_read(path), *line;

    if (!text)
        return -EINVAL;
    for (unsigned number = 1; (line = strsep(&text, "\n")); number++) {
        char where[160];
        line[strcspn(line, "#\r")] = 0;
        line += strspn(line, " \t");
        size_t name = strcspn(line, " \t=");
        char *value = line + name + strspn(line + name, " \t");
        value += *value == '=' ? 1 + strspn(value + 1, " \t") : 0;
        for (char *end = value + strlen(value); end > value && (end[-1] == ' ' || end[-1] == '\t');)
            *--end = 0;
        const struct option_row *row = option_find(line, name);
        snprintf(where, sizeof where, "%s, line %u: ", path, number);
        if (*line && (!row || row->apply == NULL || strcmp(row->name, "config") == 0)) {
            fprintf(stderr, "redstart-loader: %sexpected an option without dashes, as in: port = 8080\n", where);
            return -EINVAL;
        }
        if (*line && option_apply(options, row, *value ? value : NULL, where) < 0)
            return -EINVAL;
    }
    return 0;
}

int options_parse(char **argv, struct loader_options *ret_options)
{
    const char *path = NULL;

    memset(ret_options, 0, sizeof *ret_options);
    ret_options->log_level = LOG_LEVEL_INFO;
    for (char **at = argv + 1; *at; at++)
        if (strncmp(*at, "--config", 8) == 0)
            path = (*at)[8] == '=' ? *at + 9 : at[1];
    // The file first, so that the command line wins.
    if ((path && file_apply(ret_options, path) < 0) || arguments_apply(ret_options, argv) < 0)
        return -EINVAL;
    if (ret_options->help || ret_options->version) {
        fputs(ret_options->help ? usage_text : "redstart-loader " REDSTART_VERSION " (" REDSTART_COMMIT ")\n", stdout);
        exit(0);
    }
    if (ret_options->detach ? !ret_options->pin_path : !ret_options->socket_path || !ret_options->collector_uid) {
        fprintf(stderr, "redstart-loader: needs %s; see --help\n",
                ret_options->detach ? "--pin DIR beside --detach" : "--socket PATH and --collector-uid UID");
        return -EINVAL;
    }
    return 0;
}
