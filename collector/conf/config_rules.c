// Section `discovery.rules` of redstart.yaml, as far as it names: into the rules of meta/naming_rule.h; see config.h.
// What the rules select is the loader's (loader_conf.c).
#include <stddef.h>
#include "collector/conf/config.h"
#include "collector/conf/value.h"

#define NODE_BYTES 160 // more than a node of the document can become, with what aligning takes
_Static_assert(sizeof(struct naming_rule) + _Alignof(max_align_t) <= NODE_BYTES, "a rule fits into its node's share");

static unsigned items_count(const struct yaml_node *node)
{
    return !node ? 0 : node->kind == YAML_LIST ? node->children : 1;
}

static const struct yaml_node *items_first(const struct yaml_node *node)
{
    return node && node->kind == YAML_LIST ? node->first : node;
}

// The next of a list; of a single value there is none.
static const struct yaml_node *items_next(const struct yaml_node *list, const struct yaml_node *item)
{
    return list->kind == YAML_LIST ? item->next : NULL;
}

static const char *const *texts_read(struct arena *arena, const struct yaml_node *node, unsigned *ret_count)
{
    unsigned n = 0;
    const char **texts = node ? arena_take(arena, items_count(node) * sizeof *texts) : NULL;
    for (const struct yaml_node *item = items_first(node); texts && item; item = items_next(node, item))
        texts[n++] = item->text.p;
    *ret_count = n;
    return texts;
}

static const struct naming_ports *ports_read(struct arena *arena, const struct yaml_node *node, unsigned *ret_count)
{
    unsigned n = 0;
    struct naming_ports *ports = node ? arena_take(arena, items_count(node) * sizeof *ports) : NULL;
    for (const struct yaml_node *item = items_first(node); ports && item; item = items_next(node, item)) {
        struct value_ports range;
        if (value_ports(item->text, &range) == 0)
            ports[n++] = (struct naming_ports){range.low, range.high};
    }
    *ret_count = n;
    return ports;
}

static const uint32_t *pids_read(struct arena *arena, const struct yaml_node *node, unsigned *ret_count)
{
    unsigned n = 0;
    uint32_t *pids = node ? arena_take(arena, items_count(node) * sizeof *pids) : NULL;
    for (const struct yaml_node *item = items_first(node); pids && item; item = items_next(node, item)) {
        uint64_t pid;
        if (value_number(item->text, 1, UINT32_MAX, &pid) == 0)
            pids[n++] = (uint32_t)pid;
    }
    *ret_count = n;
    return pids;
}

static const struct naming_attribute *attributes_read(struct arena *arena, const struct yaml_node *map,
                                                      unsigned *ret_count)
{
    unsigned n = 0;
    struct naming_attribute *attributes = map ? arena_take(arena, map->children * sizeof *attributes) : NULL;
    for (const struct yaml_node *node = map ? map->first : NULL; attributes && node; node = node->next)
        attributes[n++] = (struct naming_attribute){node->key.p, node->text.p};
    *ret_count = n;
    return attributes;
}

static const char *text_read(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, str_from(key));
    return node ? node->text.p : NULL;
}

static void rule_read(struct arena *arena, const struct yaml_node *node, struct naming_rule *rule)
{
    const struct yaml_node *contained = yaml_get(node, STR("containers_only"));
    rule->ports = ports_read(arena, yaml_get(node, STR("ports")), &rule->port_count);
    rule->exe = texts_read(arena, yaml_get(node, STR("exe")), &rule->exe_count);
    rule->pids = pids_read(arena, yaml_get(node, STR("pid")), &rule->pid_count);
    rule->units = texts_read(arena, yaml_get(node, STR("unit")), &rule->unit_count);
    rule->cgroups = texts_read(arena, yaml_get(node, STR("cgroup")), &rule->cgroup_count);
    rule->containers_only = contained && str_equal_nocase(contained->text, STR("true"));
    rule->name = text_read(node, "name");
    rule->namespace_ = text_read(node, "namespace");
    rule->attributes = attributes_read(arena, yaml_get(node, STR("attributes")), &rule->attribute_count);
}

int config_rules(struct collector_options *options, const struct yaml *yaml)
{
    const struct yaml_node *list = yaml_get(yaml_get(yaml->root, STR("discovery")), STR("rules"));
    if (items_count(list) == 0)
        return 0;
    if (arena_init(&options->naming_arena, yaml->count * NODE_BYTES) < 0)
        return yaml_error(yaml, list, "not enough memory");
    struct naming_rule *rules = arena_take(&options->naming_arena, list->children * sizeof *rules);
    for (const struct yaml_node *item = list->first; rules && item; item = item->next)
        rule_read(&options->naming_arena, item, &rules[options->naming_count++]);
    options->naming = rules;
    return 0;
}
