// Section `otlp` of redstart.yaml: places to push to; see config.h. What their values mean together is judged in
// otlp_endpoint.c, for command line, variables and file alike.
#include <errno.h>
#include <stdio.h>
#include "collector/conf/config.h"
#include "collector/conf/value.h"

static const char *text_of(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, str_from(key));
    return node ? node->text.p : NULL;
}

static int headers_read(struct otlp_target *target, const struct yaml *yaml, const struct yaml_node *map)
{
    int r = 0;
    for (const struct yaml_node *node = map ? map->first : NULL; node; node = node->next) {
        if (value_header(node->key, node->text) < 0)
            r = yaml_error_key(yaml, node, "expected a header's name and a value without control characters");
        else if (target->header_count == OTLP_HEADERS_MAX)
            return yaml_error_key(yaml, node, "expected at most %d headers", OTLP_HEADERS_MAX);
        else
            target->headers[target->header_count].name = node->key.p,
            target->headers[target->header_count++].value = node->text.p;
    }
    return r;
}

static unsigned signals_read(const struct yaml_node *node)
{
    unsigned signals = 0;
    const struct yaml_node *item = node && node->kind == YAML_LIST ? node->first : node;
    for (; item; item = node->kind == YAML_LIST ? item->next : NULL)
        signals |= 1u << (str_equal_nocase(item->text, STR("traces")) ? SELF_SIGNAL_TRACES : SELF_SIGNAL_METRICS);
    return signals;
}

static int target_read(struct collector_options *options, const struct yaml *yaml, const struct yaml_node *item,
                       struct otlp_target *target)
{
    char where[300];
    const struct yaml_node *timeout = yaml_get(item, STR("timeout"));
    snprintf(where, sizeof where, "%s:%u:%u", yaml->file, item->line, item->column);
    target->where = text_pool_keep(&options->texts, str_from(where));
    target->endpoint = text_of(item, "endpoint");
    target->protocol = text_of(item, "protocol");
    target->compression = text_of(item, "compression");
    target->signals = signals_read(yaml_get(item, STR("signals")));
    target->tls_file[OTLP_TLS_CA] = text_of(item, "certificate");
    target->tls_file[OTLP_TLS_CERTIFICATE] = text_of(item, "client_certificate");
    target->tls_file[OTLP_TLS_KEY] = text_of(item, "client_key");
    target->timeout_given = timeout != NULL;
    if (timeout && value_duration(timeout->text, &target->timeout_ns) < 0)
        return -EINVAL; // not after schema_check
    if (!target->where)
        return yaml_error(yaml, item, "expected shorter texts in all");
    if (!target->endpoint)
        return yaml_error(yaml, item, "expected an endpoint");
    return headers_read(target, yaml, yaml_get(item, STR("headers")));
}

int config_otlp(struct collector_options *options, const struct yaml *yaml)
{
    const struct yaml_node *list = yaml_get(yaml->root, STR("otlp"));
    int r = 0;
    for (const struct yaml_node *item = list ? list->first : NULL; item; item = item->next) {
        struct otlp_target target = {0};
        if (options->targets == OTLP_DESTINATIONS_MAX)
            return yaml_error(yaml, item, "expected at most %d destinations", OTLP_DESTINATIONS_MAX);
        if (target_read(options, yaml, item, &target) < 0)
            r = -EINVAL;
        options->target[options->targets++] = target;
    }
    return r;
}
