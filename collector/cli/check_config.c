// See check_config.h. Of root's powers nothing is left before a file is parsed.
#include "collector/cli/check_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "collector/cli/beyla.h"
#include "collector/cli/identity.h"
#include "collector/conf/environment.h"
#include "collector/conf/file.h"
#include "collector/conf/loader_conf.h"
#include "collector/conf/options.h"
#include "collector/conf/otlp_files.h"
#include "collector/conf/web_files.h"

#define NOBODY        65534
#define ARGUMENTS_MAX 64

// The file is opened as who we are and read as nobody. path: NULL, none.
static int file_open(const char *path, int *ret_fd)
{
    static const struct identity nobody = {NOBODY, NOBODY};
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    if (path && fd < 0) {
        fprintf(stderr, "redstart check: %s: cannot be read: %s; expected a configuration file, see redstart.yaml(5)\n",
                path, strerror(errno));
        return -EINVAL;
    }
    if (geteuid() == 0 && identity_take(&nobody) < 0) {
        fprintf(stderr, "redstart check: cannot give root's powers up: %s\n", strerror(errno));
        return -EPERM;
    }
    *ret_fd = fd;
    return 0;
}

static const char *path_find(int argc, char **argv, char **environment)
{
    const char *path = environment_get_beyla(environment, "CONFIG_PATH", false, NULL);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--config=", 9) == 0)
            path = argv[i] + 9;
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            path = argv[++i];
    }
    return path;
}

static int options_read(int argc, char **argv, char **environment, struct collector_options *options)
{
    static struct complaint complaint;
    char *arguments[ARGUMENTS_MAX + 3], fd_option[] = "--config-fd", number[16];
    int fd = -1;
    if (argc > ARGUMENTS_MAX) {
        fprintf(stderr, "redstart check: expected at most %d options\n", ARGUMENTS_MAX - 1);
        return -EINVAL;
    }
    if (file_open(path_find(argc, argv, environment), &fd) < 0)
        return -EINVAL;
    memcpy(arguments, argv, (size_t)argc * sizeof *argv);
    if (fd >= 0) {
        snprintf(number, sizeof number, "%d", fd);
        arguments[argc++] = fd_option;
        arguments[argc++] = number;
    }
    arguments[argc] = NULL;
    int r = options_parse(options, argc, arguments, environment, &complaint);
    if (r == 0)
        r = otlp_files_check(&options->push, false, &complaint);
    if (r == 0 && options->web_config)
        r = web_files_check(options->web_config, &complaint);
    if (r < 0)
        fprintf(stderr, "redstart check: %s\n", complaint.error);
    for (unsigned i = 0; i < complaint.warnings; i++)
        fprintf(stderr, "redstart check: warning: %s\n", complaint.warning[i]);
    return r;
}

static void line_show(const char *path, const char *value, const char *from)
{
    printf("%-33s %-28s # %s\n", path, value[0] ? value : "none", from);
}

static void setting_show(const struct collector_options *options, enum setting setting)
{
    char value[SETTING_TEXT_SIZE], from[512];
    const struct setting_origin *origin = &options->origin[setting];
    setting_write(options, setting, value);
    if (origin->layer == SETTING_FILE)
        snprintf(from, sizeof from, "%s:%u", options->config, origin->line);
    else if (origin->layer == SETTING_VARIABLE)
        snprintf(from, sizeof from, "variable %s", origin->name);
    else if (origin->layer == SETTING_OPTION)
        snprintf(from, sizeof from, "option %s", schema[setting].option);
    else
        snprintf(from, sizeof from, "default");
    line_show(schema[setting].path, value, from);
}

// What is a list: a line for each item that is in force.
static void lists_show(const struct collector_options *options)
{
    static const char *const signals[SELF_SIGNAL_MAX] = {
        [SELF_SIGNAL_METRICS] = "metrics", [SELF_SIGNAL_TRACES] = "traces"};
    char path[64];
    for (unsigned i = 0; i < options->push.destinations; i++)
        for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++) {
            const struct otlp_endpoint *endpoint = &options->push.destination[i].endpoint[signal];
            snprintf(path, sizeof path, "otlp[%u]", i);
            if (endpoint->url)
                line_show(path, endpoint->url, signals[signal]);
        }
    for (const struct resource_attribute *attribute = options->push.resource; attribute->key; attribute++) {
        snprintf(path, sizeof path, "service.attributes.%.40s", attribute->key);
        line_show(path, attribute->value, "file or variable OTEL_RESOURCE_ATTRIBUTES");
    }
    for (unsigned i = 0; i < options->routes.count; i++) {
        const struct route_pattern *pattern = &options->routes.patterns[i];
        line_show(pattern->ignore     ? "routes.ignore"
                  : pattern->incoming ? "routes.incoming"
                                      : "routes.outgoing",
                  pattern->pattern, "file or option");
    }
    for (unsigned i = 0; i < options->attributes.count; i++) {
        const struct attribute_rule *rule = &options->attributes.rule[i];
        snprintf(path, sizeof path, "attributes.select.%.40s", rule->target);
        line_show(path, rule->attribute, rule->exclude ? "excluded" : "included");
    }
}

static int selection_show(const struct collector_options *options)
{
    static struct loader_conf conf;
    if (loader_conf_write(&options->file, true, true, &conf) < 0)
        return -EINVAL;
    if (conf.size == 0)
        line_show("discovery", "every process", "no rule of the file selects");
    for (char *line = strtok(conf.text, "\n"); line; line = strtok(NULL, "\n"))
        line_show("discovery", line, "of the file, as in loader.conf");
    return 0;
}

int check_config_show(int argc, char **argv, char **environment)
{
    static struct collector_options options;
    int r = options_read(argc, argv, environment, &options);
    if (r == 0) {
        for (unsigned i = 0; i < SETTING_MAX; i++)
            setting_show(&options, (enum setting)i);
        lists_show(&options);
        r = selection_show(&options);
    }
    options_release(&options);
    return r < 0 ? 2 : 0;
}

int check_config_loader(int argc, char **argv, char **environment)
{
    static struct collector_options options;
    static struct loader_conf conf;
    int r = options_read(argc, argv, environment, &options);
    if (r == 0 && !options.config)
        r = -fprintf(stderr, "redstart check: --loader-conf: expected --config FILE as well\n");
    if (r == 0)
        r = loader_conf_write(&options.file, true, true, &conf);
    if (r == 0)
        fputs(conf.text, stdout);
    options_release(&options);
    return r < 0 ? 2 : 0;
}

int check_config_beyla(const char *path, char **environment)
{
    static struct complaint complaint;
    cleanup_free char *bytes = NULL;
    size_t size = 0;
    int fd = -1;
    if (file_open(path, &fd) < 0)
        return 2;
    int r = file_read_fd(fd, YAML_SIZE_MAX, &bytes, &size);
    close(fd);
    if (r < 0)
        r = complaint_error(&complaint, "%s: cannot be read: %s", path, strerror(-r));
    else
        r = beyla_convert(path, (struct str){bytes, size}, environment, stdout, stderr, &complaint);
    if (r < 0)
        fprintf(stderr, "redstart check: %s\n", complaint.error);
    return r < 0 ? 2 : 0;
}
