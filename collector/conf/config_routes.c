// Section `routes` of redstart.yaml: patterns, into struct route_config; see config.h.
#include "collector/conf/config.h"
#include "collector/conf/route_options.h"

// One pattern; schema_check has judged its form.
static int pattern_add(struct collector_options *options, const struct yaml *yaml, const struct yaml_node *node,
                       struct route_pattern pattern)
{
    struct complaint complaint = {0};
    pattern.pattern = node->text.p;
    if (route_options_add(&options->routes, &pattern, "routes", &complaint) < 0)
        return yaml_error(yaml, node, "expected at most %d patterns in all", ROUTE_PATTERNS_MAX);
    return 0;
}

// The patterns of a list, or the one that stands in its place.
static int list_add(struct collector_options *options, const struct yaml *yaml, const struct yaml_node *node,
                    struct route_pattern pattern)
{
    const struct yaml_node *item = node && node->kind == YAML_LIST ? node->first : node;
    int r = 0;
    for (; r == 0 && item; item = node->kind == YAML_LIST ? item->next : NULL)
        r = pattern_add(options, yaml, item, pattern);
    return r;
}

// Both directions of a section.
static int patterns_add(struct collector_options *options, const struct yaml *yaml, const struct yaml_node *routes,
                        const char *service)
{
    int r = list_add(options, yaml, yaml_get(routes, STR("incoming")),
                     (struct route_pattern){.service = service, .incoming = true});
    return r < 0 ? r
                 : list_add(options, yaml, yaml_get(routes, STR("outgoing")),
                            (struct route_pattern){.service = service, .outgoing = true});
}

// Of rules that name a service, for that service.
static int rules_add(struct collector_options *options, const struct yaml *yaml)
{
    const struct yaml_node *rules = yaml_get(yaml_get(yaml->root, STR("discovery")), STR("rules"));
    int r = 0;
    for (const struct yaml_node *rule = rules ? rules->first : NULL; r == 0 && rule; rule = rule->next) {
        const struct yaml_node *routes = yaml_get(rule, STR("routes")), *name = yaml_get(rule, STR("name"));
        if (routes && !name)
            r = yaml_error_key(yaml, routes, "expected a name of the service in the same rule");
        else if (routes)
            r = patterns_add(options, yaml, routes, name->text.p);
    }
    return r;
}

static uint8_t signals_read(const struct yaml_node *node)
{
    uint8_t signals = node ? 0 : ROUTE_SIGNAL_METRICS | ROUTE_SIGNAL_TRACES;
    const struct yaml_node *item = node && node->kind == YAML_LIST ? node->first : node;
    for (; item; item = node->kind == YAML_LIST ? item->next : NULL)
        signals |= str_equal_nocase(item->text, STR("traces")) ? ROUTE_SIGNAL_TRACES : ROUTE_SIGNAL_METRICS;
    return signals;
}

int config_routes(struct collector_options *options, const struct yaml *yaml)
{
    const struct yaml_node *ignore = yaml_get(yaml_get(yaml->root, STR("routes")), STR("ignore"));
    int r = rules_add(options, yaml);
    if (r == 0)
        r = patterns_add(options, yaml, yaml_get(yaml->root, STR("routes")), NULL);
    for (const struct yaml_node *item = ignore ? ignore->first : NULL; r == 0 && item; item = item->next) {
        const struct yaml_node *node = yaml_get(item, STR("pattern"));
        uint8_t signals = signals_read(yaml_get(item, STR("signals")));
        if (!node)
            r = yaml_error(yaml, item, "expected a pattern");
        else
            r = pattern_add(options, yaml, node,
                            (struct route_pattern){.incoming = true, .outgoing = true, .ignore = signals});
    }
    return r;
}
