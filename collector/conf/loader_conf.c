// See loader_conf.h. The document has passed schema_check.
#include "collector/conf/loader_conf.h"

#include <stdio.h>

// Of a rule, in the file's and in the loader's words.
static const struct {
    const char *key, *name;
} fields[] = {{"ports", "port"}, {"exe", "exe"}, {"pid", "pid"}, {"unit", "unit"}, {"cgroup", "cgroup"}};

// What does not fit is counted, and seen at the end.
static void add(struct loader_conf *conf, const char *text, size_t size)
{
    if (conf->size + size <= LOADER_CONF_MAX)
        memcpy(conf->text + conf->size, text, size);
    conf->size += size;
}

static void add_text(struct loader_conf *conf, const char *text)
{
    add(conf, text, strlen(text));
}

// A glob in a list in a line: what has a meaning there is asked for as any character.
static void add_value(struct loader_conf *conf, struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        add(conf, strchr(" \t,#=", text.p[i]) ? "?" : text.p + i, 1);
}

static void add_list(struct loader_conf *conf, const struct yaml_node *node)
{
    const struct yaml_node *item = node->kind == YAML_LIST ? node->first : node;
    for (bool first = true; item; first = false, item = node->kind == YAML_LIST ? item->next : NULL) {
        if (!first)
            add_text(conf, ",");
        add_value(conf, item->text);
    }
}

static bool is_true(const struct yaml_node *node)
{
    return node && str_equal_nocase(node->text, STR("true"));
}

static bool has_items(const struct yaml_node *node)
{
    return node && (node->kind != YAML_LIST || node->children > 0);
}

static unsigned fields_count(const struct yaml_node *rule)
{
    unsigned count = is_true(yaml_get(rule, STR("containers_only")));
    for (unsigned i = 0; i < array_size(fields); i++)
        count += has_items(yaml_get(rule, str_from(fields[i].key)));
    return count;
}

enum { FIELD_PORTS = 0, FIELD_PID = 2 }; // of fields[]

// What the rule takes of the loader's room.
static int room_take(struct loader_conf *conf, const struct yaml *yaml, const struct yaml_node *rule, bool plain,
                     bool exclude)
{
    conf->combined += !plain;
    for (unsigned i = 0; i < array_size(fields); i++) {
        const struct yaml_node *node = yaml_get(rule, str_from(fields[i].key));
        if (!has_items(node))
            continue;
        const struct yaml_node *item = i == FIELD_PORTS ? NULL : node->kind == YAML_LIST ? node->first : node;
        for (; item; item = node->kind == YAML_LIST ? item->next : NULL) {
            conf->items++;
            conf->texts += item->text.n + 1 + strlen(".service"); // what the loader may add
        }
        if (i != FIELD_PORTS && i != FIELD_PID)
            continue;
        bool *marked = &conf->plain_marked[i == FIELD_PID][exclude];
        conf->marks += !plain || !*marked;
        *marked |= plain;
    }
    if (conf->combined > LOADER_CONF_COMBINED_MAX)
        return yaml_error(yaml, rule, "expected at most %d rules of several fields", LOADER_CONF_COMBINED_MAX);
    if (conf->marks > LOADER_CONF_MARKS_MAX)
        return yaml_error(yaml, rule,
                          "expected at most %d rules that have ports or pid beside other fields; those with "
                          "ports alone, or pid alone, are one",
                          LOADER_CONF_MARKS_MAX);
    if (conf->items > LOADER_CONF_ITEMS_MAX)
        return yaml_error(yaml, rule, "expected at most %d names and pids in all rules", LOADER_CONF_ITEMS_MAX);
    if (conf->texts > LOADER_CONF_TEXTS_MAX)
        return yaml_error(yaml, rule, "expected at most %d bytes of names in all rules", LOADER_CONF_TEXTS_MAX);
    return 0;
}

// "exe = a,b" of one field, "rule = exe=a,b port=80 containers_only" of more.
static int add_rule(struct loader_conf *conf, const struct yaml *yaml, const struct yaml_node *rule, const char *prefix)
{
    bool contained = is_true(yaml_get(rule, STR("containers_only"))), plain = fields_count(rule) == 1 && !contained;
    add_text(conf, prefix);
    if (!plain)
        add_text(conf, "rule =");
    for (unsigned i = 0; i < array_size(fields); i++) {
        const struct yaml_node *node = yaml_get(rule, str_from(fields[i].key));
        if (!has_items(node))
            continue;
        add_text(conf, plain ? "" : " ");
        add_text(conf, fields[i].name);
        add_text(conf, plain ? " = " : "=");
        size_t before = conf->size;
        add_list(conf, node);
        if (!plain && conf->size - before > LOADER_CONF_FIELD_MAX)
            return yaml_error(yaml, node, "expected at most %d bytes beside another field", LOADER_CONF_FIELD_MAX);
    }
    add_text(conf, contained ? " containers_only\n" : "\n");
    return room_take(conf, yaml, rule, plain, prefix[0] != 0);
}

// A rule that names no process is one for all of them; then no rule selects.
static int add_section(struct loader_conf *conf, const struct yaml *yaml, const struct yaml_node *list,
                       const char *prefix)
{
    const struct yaml_node *first = list ? list->first : NULL;
    int r = 0;
    for (const struct yaml_node *rule = first; rule && !prefix[0]; rule = rule->next)
        if (fields_count(rule) == 0)
            return 0;
    for (const struct yaml_node *rule = first; rule && r == 0; rule = rule->next)
        if (fields_count(rule) > 0)
            r = add_rule(conf, yaml, rule, prefix);
    return r;
}

int loader_conf_write(const struct yaml *yaml, bool rules, bool excludes, struct loader_conf *ret_conf)
{
    const struct yaml_node *discovery = yaml_get(yaml->root, STR("discovery"));
    int r = 0;
    *ret_conf = (struct loader_conf){.size = 0};
    if (rules)
        r = add_section(ret_conf, yaml, yaml_get(discovery, STR("rules")), "");
    if (r == 0 && excludes)
        r = add_section(ret_conf, yaml, yaml_get(discovery, STR("exclude")), "exclude-");
    if (r == 0 && ret_conf->size > LOADER_CONF_MAX)
        r = yaml_error(yaml, discovery, "expected at most %d bytes of rules", LOADER_CONF_MAX);
    return r;
}
