// See loader_conf.h. The document has passed schema_check.
#include "collector/conf/loader_conf.h"

#include <errno.h>
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

// "exe = a,b" of one field, "rule = exe=a,b port=80 containers_only" of more.
static void add_rule(struct loader_conf *conf, const struct yaml_node *rule, const char *prefix)
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
        add_list(conf, node);
    }
    add_text(conf, contained ? " containers_only\n" : "\n");
}

// A rule that names no process is one for all of them; then no rule selects.
static void add_section(struct loader_conf *conf, const struct yaml_node *list, const char *prefix)
{
    const struct yaml_node *first = list ? list->first : NULL;
    for (const struct yaml_node *rule = first; rule && !prefix[0]; rule = rule->next)
        if (fields_count(rule) == 0)
            return;
    for (const struct yaml_node *rule = first; rule; rule = rule->next)
        if (fields_count(rule) > 0)
            add_rule(conf, rule, prefix);
}

int loader_conf_write(const struct yaml *yaml, bool rules, bool excludes, struct loader_conf *ret_conf)
{
    const struct yaml_node *discovery = yaml_get(yaml->root, STR("discovery"));
    ret_conf->size = 0;
    if (rules)
        add_section(ret_conf, yaml_get(discovery, STR("rules")), "");
    if (excludes)
        add_section(ret_conf, yaml_get(discovery, STR("exclude")), "exclude-");
    if (ret_conf->size > LOADER_CONF_MAX)
        return yaml_error(yaml, discovery, "expected at most %d bytes of rules", LOADER_CONF_MAX);
    ret_conf->text[ret_conf->size] = 0;
    return 0;
}
