// The loader's options, from the command line and from root's file; see options.h. One table, one way to apply a value.
#include "loader/options.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char usage_text[] =
    "Usage: redstart-loader --socket PATH --collector-uid UID [options]\n"
    "Attaches redstart's BPF programs and hands their ring buffers to the collector. See redstart-loader(8).\n"
    "\n"
    "What to observe (repeatable, comma lists; nothing: every process but redstart's own):\n"
    "  --port LIST, --exe GLOB, --pid N, --unit GLOB, --cgroup GLOB, and each with --exclude- in front\n"
    "  --rule 'exe=GLOB port=LIST ... containers_only', --exclude-rule: all fields of a rule must match\n"
    "Whom to serve, and as whom:\n"
    "  --socket PATH, --collector-uid UID, --uid UID, --gid GID (default: the owner of the socket's directory)\n"
    "Others:\n"
    "  --variant NAME (of the hooks for socket I/O: sockio-tp, sockio-fentry, sockio-sys; default: the best that this\n"
    "  kernel has)\n"
    "  --pin DIR, --detach, --config FILE, --log-level LEVEL, --log-format text|json, --help, --version\n";

// Reads text into the option's place; NULL, or what was expected.
typedef const char *apply_fn(char *text, void *place);

static apply_fn text_apply, id_apply, level_apply, format_apply;

static const struct option_row {
    const char *name;
    apply_fn *apply; // NULL: a flag
    size_t place;
} option_table[] = {
    {"socket", text_apply, offsetof(struct loader_options, socket_path)},
    {"collector-uid", id_apply, offsetof(struct loader_options, collector_uid)},
    {"uid", id_apply, offsetof(struct loader_options, uid)},
    {"gid", id_apply, offsetof(struct loader_options, gid)},
    {"pin", text_apply, offsetof(struct loader_options, pin_path)},
    {"config", text_apply, offsetof(struct loader_options, config_path)},
    {"variant", text_apply, offsetof(struct loader_options, variant)},
    {"log-level", level_apply, offsetof(struct loader_options, log_level)},
    {"log-format", format_apply, offsetof(struct loader_options, log_format)},
    {"detach", NULL, offsetof(struct loader_options, detach)},
    {"help", NULL, offsetof(struct loader_options, help)},
    {"version", NULL, offsetof(struct loader_options, version)},
};

static const char *text_apply(char *text, void *place)
{
    *(const char **)place = text;
    return *text ? NULL : "a path";
}

static const char *id_apply(char *text, void *place)
{
    char *rest;
    unsigned long number = strtoul(text, &rest, 10);
    if (*rest || number == 0 || number >= UINT32_MAX)
        return "an id that is not root's";
    *(uid_t *)place = (uid_t)number;
    return NULL;
}

static bool name_find(const char *text, const char *const *names, unsigned *ret_index)
{
    for (unsigned i = 0; names[i]; i++)
        if (strcasecmp(text, names[i]) == 0) {
            *ret_index = i;
            return true;
        }
    return false;
}

static const char *level_apply(char *text, void *place)
{
    return name_find(text, log_level_names, place) ? NULL : "error, warn, info or debug";
}

static const char *format_apply(char *text, void *place)
{
    return name_find(text, log_format_names, place) ? NULL : "text or json";
}

static const struct option_row *option_find(const char *name)
{
    for (unsigned i = 0; i < array_size(option_table); i++)
        if (strcmp(option_table[i].name, name) == 0)
            return &option_table[i];
    return NULL;
}

// value: NULL if none was given.
static int option_apply(struct loader_options *options, const char *name, char *value, const char *where)
{
    const struct option_row *row = option_find(name);
    const char *expected = row ? NULL : rules_add(&options->rules, name, value);

    if (row && row->apply)
        expected = value ? row->apply(value, (char *)options + row->place) : "a value";
    else if (row && value)
        expected = "no value";
    else if (row)
        *((bool *)((char *)options + row->place)) = true;
    if (expected)
        fprintf(stderr, "redstart-loader: %s%s '%s': expected %s\n", where, name, value ? value : "",
                expected == name ? "an option (in a file without dashes, as in: port = 8080); see --help" : expected);
    return expected ? -EINVAL : 0;
}

static int arguments_apply(struct loader_options *options, char **argv)
{
    for (char **at = argv + 1; *at; at++) {
        char name[32], *value = strchr(*at, '=');
        bool dashes = strncmp(*at, "--", 2) == 0;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*at, "="), *at);
        const struct option_row *row = option_find(name + 2 * dashes);
        bool separate = !value && (!row || row->apply);
        value = separate ? at[1] : value ? value + 1 : NULL;
        if (option_apply(options, dashes ? name + 2 : "", value, dashes ? "--" : *at) < 0)
            return -EINVAL;
        at += separate;
    }
    return 0;
}

// The whole file as text; false after a message.
static bool file_read(const char *path, char *text)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat info;
    const char *wrong = NULL;

    if (fd < 0 || fstatat(fd, "", &info, AT_EMPTY_PATH) < 0)
        wrong = strerror(errno);
    else if (!S_ISREG(info.st_mode) || (info.st_uid != 0 && info.st_uid != geteuid()) || info.st_mode & 022)
        wrong = "must be a file of root's that nobody else may write (chown root, chmod go-w)";
    ssize_t n = wrong ? 0 : read(fd, text, OPTIONS_FILE_MAX + 1);
    if (!wrong && (n < 0 || n > OPTIONS_FILE_MAX || memchr(text, 0, (size_t)n)))
        wrong = "must be text of at most 64 KiB";
    if (wrong)
        fprintf(stderr, "redstart-loader: %s: %s\n", path, wrong);
    return !wrong;
}

// "port = 8080", "port 8080", "# a comment".
static int file_apply(struct loader_options *options, const char *path)
{
    char *text = options->file, *line;

    if (!file_read(path, text))
        return -EINVAL;
    for (unsigned number = 1; (line = strsep(&text, "\n")); number++) {
        char where[160];
        line[strcspn(line, "#\r")] = 0;
        line += strspn(line, " \t");
        char *value = line + strcspn(line, " \t="), *end = value;
        value += strspn(value, " \t");
        value += *value == '=' ? 1 + strspn(value + 1, " \t") : 0;
        for (char *last = value + strlen(value); last > value && (last[-1] == ' ' || last[-1] == '\t');)
            *--last = 0;
        if (!*line)
            continue;
        *end = 0;
        snprintf(where, sizeof where, "%s, line %u: ", path, number);
        const struct option_row *row = option_find(line);
        if (row && (!row->apply || strcmp(row->name, "config") == 0)) {
            fprintf(stderr, "redstart-loader: %sexpected an option without dashes, as in: port = 8080\n", where);
            return -EINVAL;
        }
        if (option_apply(options, line, *value ? value : NULL, where) < 0)
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
    rules_finish(&ret_options->rules);
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
