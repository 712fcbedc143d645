// See config.h.
#include "collector/conf/config.h"

#include <errno.h>
#include <string.h>
#include "collector/conf/file.h"
#include "collector/conf/resource.h"

static int service_attributes(struct collector_options *options, const struct yaml *yaml)
{
    const struct yaml_node *map = yaml_get(yaml_get(yaml->root, STR("service")), STR("attributes"));
    int r = 0;
    for (const struct yaml_node *node = map ? map->first : NULL; node; node = node->next)
        if (resource_set(options, node->key.p, node->text.p) < 0)
            r = yaml_error_key(yaml, node, "expected at most %zu attributes", array_size(options->push.resource) - 1);
    return r;
}

// BEYLA_CONFIG_PATH may well name a file of that.
static void beyla_hint(const struct yaml *yaml)
{
    static const char *const keys[] = {"open_port",          "executable_name",   "otel_metrics_export",
                                       "otel_traces_export", "prometheus_export", "print_traces",
                                       "trace_printer",      "service_name",      "log_level",
                                       "auto_target_exe",    "internal_metrics",  "ebpf"};
    for (unsigned i = 0; i < array_size(keys); i++)
        if (yaml_get(yaml->root, str_from(keys[i]))) {
            (void)yaml_error(yaml, yaml->root,
                             "%s is a key of Beyla's; redstart check --from-beyla FILE prints such a file "
                             "as ours",
                             keys[i]);
            return;
        }
}

int config_parse(struct collector_options *options, const char *path, struct str bytes, struct complaint *complaint)
{
    struct yaml *yaml = &options->file;
    int r = yaml_read(yaml, path, bytes, complaint);
    if (r == -ENOMEM)
        return complaint_error(complaint, "%s: not enough memory to read it", path);
    if (r == 0)
        r = schema_check(yaml);
    if (r < 0) {
        beyla_hint(yaml);
        return r;
    }
    int (*const sections[])(struct collector_options *, const struct yaml *) = {
        setting_file, service_attributes, config_otlp, config_routes, config_attributes, config_rules,
    };
    for (unsigned i = 0; i < array_size(sections); i++)
        if (sections[i](options, yaml) < 0)
            r = -EINVAL;
    return r;
}

int config_read(struct collector_options *options, const char *path, int fd, struct complaint *complaint)
{
    cleanup_free char *bytes = NULL;
    size_t size = 0;
    int r = fd < 0 ? file_read(path, YAML_SIZE_MAX, &bytes, &size) : file_read_fd(fd, YAML_SIZE_MAX, &bytes, &size);
    if (r == -EFBIG)
        return complaint_error(complaint, "%s:1:1: longer than %d bytes", path, YAML_SIZE_MAX);
    if (r < 0)
        return complaint_error(complaint, "%s: cannot be read: %s; expected a configuration file, see redstart.yaml(5)",
                               path, strerror(-r));
    return config_parse(options, path, (struct str){bytes, size}, complaint);
}
