// A whole document against the table: every key known, every value of its type and range, and all that is wrong said at
// once; see schema.h.
#include <errno.h>
#include <stdio.h>
#include "collector/conf/route_options.h"
#include "collector/conf/schema.h"

#define PATH_SIZE    128
#define TEXTS_TEXT   1024 // bytes of a value in a map of texts
#define KEYS_SHOWN   200
#define DISTANCE_MAX 3
#define WORD_MAX     40

// "otlp[].headers" of a node; longer than any row's: cut, and so unknown.
static struct str path_of(const struct yaml_node *node, char path[PATH_SIZE])
{
    const struct yaml_node *up[YAML_DEPTH_MAX + 1];
    unsigned depth = 0;
    size_t used = 0;
    for (; node->parent && depth < array_size(up); node = node->parent)
        up[depth++] = node;
    path[0] = 0;
    while (depth-- > 0 && used < PATH_SIZE) {
        const char *key = schema_is_any((struct str){path, used}) ? "*" : up[depth]->key.p;
        used += (size_t)(key ? snprintf(path + used, PATH_SIZE - used, "%s%s", used ? "." : "", key)
                             : snprintf(path + used, PATH_SIZE - used, "[]"));
    }
    return str_from(path);
}

// How many letters to change, add, leave out or swap with the next (optimal string alignment).
static unsigned distance(struct str a, struct str b)
{
    unsigned row[3][WORD_MAX + 1]; // of the table: this, the last, the one before
    if (a.n > WORD_MAX || b.n > WORD_MAX)
        return WORD_MAX;
    for (unsigned i = 0; i <= a.n; i++) {
        unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        for (unsigned j = 0; j <= b.n; j++) {
            unsigned best = i == 0 ? j : j == 0 ? i : last[j - 1] + (a.p[i - 1] != b.p[j - 1]);
            if (i > 0 && j > 0 && last[j] + 1 < best)
                best = last[j] + 1;
            if (i > 0 && j > 0 && now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[a.n % 3][b.n];
}

static bool key_stands_before(unsigned row, struct str section, struct str key)
{
    while (row-- > 0)
        if (str_equal(schema_key_below(&schema[row], section), key))
            return true;
    return false;
}

static int unknown(const struct yaml *yaml, const struct yaml_node *node, struct str section)
{
    char keys[KEYS_SHOWN] = "";
    struct str nearest = {0};
    unsigned least = DISTANCE_MAX + 1;
    size_t used = 0;
    for (unsigned i = 0; i < schema_rows; i++) {
        struct str key = schema_key_below(&schema[i], section);
        if (key.n == 0 || key_stands_before(i, section, key))
            continue;
        unsigned letters = distance(node->key, key);
        if (letters < least && letters * 2 < key.n)
            least = letters, nearest = key;
        if (used < sizeof keys)
            used += (size_t)snprintf(keys + used, sizeof keys - used, "%s" STR_FMT, used ? ", " : "", STR_ARG(key));
    }
    if (nearest.n)
        return yaml_error_key(yaml, node, "unknown key; expected " STR_FMT "?", STR_ARG(nearest));
    return yaml_error_key(yaml, node, "unknown key; expected one of %s", keys);
}

static int scalar_check(const struct yaml *yaml, const struct yaml_node *node, const struct schema_row *row)
{
    struct schema_value value;
    char what[SCHEMA_EXPECTED_SIZE];
    bool words = row->type != SCHEMA_NUMBER && row->type != SCHEMA_BOOLEAN && row->type != SCHEMA_RATIO;
    if (node->kind == YAML_SCALAR && row->type == SCHEMA_ROUTE && route_options_problem(node->text.p))
        return yaml_error(yaml, node, "%s, not %.60s", route_options_problem(node->text.p), node->text.p);
    if (node->kind == YAML_SCALAR && (!node->quoted || words) && schema_parse(row, node->text, 0, &value) == 0)
        return 0;
    return yaml_error_expected(yaml, node, schema_expected(row, 0, what));
}

static int texts_check(const struct yaml *yaml, const struct yaml_node *map)
{
    const char *text;
    if (map->kind != YAML_MAP)
        return yaml_error_expected(yaml, map, "a map of keys and texts");
    int r = 0;
    for (const struct yaml_node *node = map->first; node; node = node->next)
        if (yaml_text(yaml, node, 0, TEXTS_TEXT, "a text", &text) < 0)
            r = -EINVAL;
    return r;
}

static int value_check(const struct yaml *yaml, const struct yaml_node *node, const struct schema_row *row)
{
    if (node->kind == YAML_NULL)
        return 0;
    if (row->type == SCHEMA_TEXTS)
        return texts_check(yaml, node);
    if (!row->many || node->kind != YAML_LIST)
        return scalar_check(yaml, node, row);
    int r = 0;
    for (const struct yaml_node *item = node->first; item; item = item->next)
        if (scalar_check(yaml, item, row) < 0)
            r = -EINVAL;
    return r;
}

// What lies in something unknown or of the wrong kind is not looked at: that is said already.
static int node_check(const struct yaml *yaml, const struct yaml_node *node)
{
    char above[PATH_SIZE], path[PATH_SIZE];
    if (!node->parent)
        return node->kind == YAML_NULL ? 0 : yaml_expect(yaml, node, YAML_MAP);
    struct str section = path_of(node->parent, above), own = path_of(node, path);
    if (node->parent->kind == YAML_LIST)
        return schema_is_list(section) ? yaml_expect(yaml, node, YAML_MAP) : 0;
    if (!schema_is_section(section))
        return 0;
    const struct schema_row *row = schema_find(own);
    if (row)
        return value_check(yaml, node, row);
    if (node->kind == YAML_NULL && (schema_is_list(own) || schema_is_section(own)))
        return 0;
    if (schema_is_list(own))
        return yaml_expect(yaml, node, YAML_LIST);
    if (schema_is_section(own))
        return yaml_expect(yaml, node, YAML_MAP);
    return unknown(yaml, node, section);
}

int schema_check(const struct yaml *yaml)
{
    int r = 0;
    for (size_t i = 0; i < yaml->count; i++) // in the order of the file
        if (node_check(yaml, &yaml->nodes[i]) < 0)
            r = -EINVAL;
    return r;
}
