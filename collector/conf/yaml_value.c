// What the values of a YAML document mean, and what is said where they do not; see yaml.h.
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include "collector/conf/value.h"
#include "collector/conf/yaml.h"
#include "collector/core/utf8.h"

#define PATH_MAX_BYTES 128
#define SHOWN_MAX      40 // bytes of a wrong value in a message

const struct yaml_node *yaml_get(const struct yaml_node *map, struct str key)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    for (const struct yaml_node *node = map->first; node; node = node->next)
        if (str_equal(node->key, key))
            return node->kind == YAML_NULL ? NULL : node;
    return NULL;
}

static unsigned node_position(const struct yaml_node *node)
{
    unsigned position = 0;
    for (const struct yaml_node *other = node->parent->first; other != node; other = other->next)
        position++;
    return position;
}

// "otlp[1].timeout: "; "" for the root.
static void path_write(const struct yaml_node *node, char path[PATH_MAX_BYTES])
{
    const struct yaml_node *up[YAML_DEPTH_MAX + 1];
    unsigned depth = 0;
    size_t used = 0;
    for (; node && node->parent && depth < array_size(up); node = node->parent)
        up[depth++] = node;
    for (path[0] = 0; depth-- > 0 && used < PATH_MAX_BYTES;)
        used +=
            (size_t)(up[depth]->key.p
                         ? snprintf(path + used, PATH_MAX_BYTES - used, "%s%.40s", used ? "." : "", up[depth]->key.p)
                         : snprintf(path + used, PATH_MAX_BYTES - used, "[%u]", node_position(up[depth])));
}

static int line_add(struct complaint *complaint, const char *format, ...) printf_like(2, 3);

static int line_add(struct complaint *complaint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int r = complaint_error_add(complaint, format, arguments);
    va_end(arguments);
    return r;
}

static int error_write(const struct yaml *yaml, const struct yaml_node *node, uint32_t line, uint32_t column,
                       const char *format, va_list arguments)
{
    char path[PATH_MAX_BYTES], text[COMPLAINT_TEXT_MAX], clean[COMPLAINT_TEXT_MAX];
    path_write(node, path);
    vsnprintf(text, sizeof text, format, arguments);
    struct str shown = utf8_clean(str_from(text), clean, sizeof clean);
    return line_add(yaml->complaint, "%s:%u:%u: %s%s" STR_FMT, yaml->file, line, column, path, path[0] ? ": " : "",
                    STR_ARG(shown));
}

int yaml_error(const struct yaml *yaml, const struct yaml_node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int r = error_write(yaml, node, node->line, node->column, format, arguments);
    va_end(arguments);
    return r;
}

int yaml_error_key(const struct yaml *yaml, const struct yaml_node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int r = error_write(yaml, node, node->key_line, node->key_column, format, arguments);
    va_end(arguments);
    return r;
}

int yaml_error_expected(const struct yaml *yaml, const struct yaml_node *node, const char *what)
{
    static const char *const kinds[] = {[YAML_NULL] = "nothing", [YAML_LIST] = "a list", [YAML_MAP] = "a map"};
    if (node->kind != YAML_SCALAR)
        return yaml_error(yaml, node, "expected %s, not %s", what, kinds[node->kind]);
    const char *quote = node->quoted ? "\"" : "";
    return yaml_error(yaml, node, "expected %s, not %s%.*s%s%s", what, quote, SHOWN_MAX, node->text.p,
                      node->text.n > SHOWN_MAX ? "..." : "", quote);
}

int yaml_expect(const struct yaml *yaml, const struct yaml_node *node, enum yaml_kind kind)
{
    static const char *const kinds[] = {"nothing", "a single value", "a list", "a map of keys and values"};
    return node->kind == kind ? 0 : yaml_error_expected(yaml, node, kinds[kind]);
}

int yaml_text(const struct yaml *yaml, const struct yaml_node *node, size_t min, size_t max, const char *what,
              const char **ret_text)
{
    if (node->kind != YAML_SCALAR)
        return yaml_error_expected(yaml, node, what);
    if (node->text.n < min || node->text.n > max)
        return yaml_error(yaml, node, "expected %s of %zu to %zu bytes, not %zu", what, min, max, node->text.n);
    for (size_t i = 0; i < node->text.n; i++)
        if (iscntrl((unsigned char)node->text.p[i]))
            return yaml_error(yaml, node, "expected %s in one line, without control characters", what);
    *ret_text = node->text.p;
    return 0;
}

int yaml_boolean(const struct yaml *yaml, const struct yaml_node *node, bool *ret_boolean)
{
    if (node->kind != YAML_SCALAR || node->quoted || value_boolean(node->text.p, ret_boolean) < 0)
        return yaml_error_expected(yaml, node, "true or false");
    return 0;
}

int yaml_number(const struct yaml *yaml, const struct yaml_node *node, uint64_t min, uint64_t max, uint64_t *ret_number)
{
    char what[80];
    snprintf(what, sizeof what, "a number from %" PRIu64 " to %" PRIu64, min, max);
    if (node->kind != YAML_SCALAR || node->quoted || value_number(node->text, min, max, ret_number) < 0)
        return yaml_error_expected(yaml, node, what);
    return 0;
}

int yaml_duration(const struct yaml *yaml, const struct yaml_node *node, uint64_t min, uint64_t max, uint64_t *ret_ns)
{
    char what[200], low[VALUE_DURATION_SIZE], high[VALUE_DURATION_SIZE];
    uint64_t ns;
    if (node->kind == YAML_SCALAR && value_duration(node->text, &ns) == 0 && ns >= min && ns <= max) {
        *ret_ns = ns;
        return 0;
    }
    value_duration_write(min, low);
    value_duration_write(max, high);
    snprintf(what, sizeof what, "a duration such as 500ms, 60s or 1h30m, from %s to %s", low, high);
    return yaml_error_expected(yaml, node, what);
}

int yaml_choice(const struct yaml *yaml, const struct yaml_node *node, const char *const *names, unsigned *ret_index)
{
    char what[200];
    size_t used = 0;
    for (unsigned i = 0; names[i]; i++) {
        if (node->kind == YAML_SCALAR && strcasecmp(node->text.p, names[i]) == 0) {
            *ret_index = i;
            return 0;
        }
        const char *between = i == 0 ? "" : names[i + 1] ? ", " : " or ";
        if (used < sizeof what)
            used += (size_t)snprintf(what + used, sizeof what - used, "%s%s", between, names[i]);
    }
    return yaml_error_expected(yaml, node, what);
}
