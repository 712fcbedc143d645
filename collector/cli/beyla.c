// See beyla.h: the frame of a conversion, and the keys that need no file of their own.
#include "collector/cli/beyla.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "collector/conf/environment.h"
#include "collector/conf/schema.h"
#include "collector/conf/value.h"
#include "common/lib/log.h"

#define VARIABLE_NAME_MAX 128

static bool lies_in(const struct yaml_node *node, const struct yaml_node *whole)
{
    while (node && node != whole)
        node = node->parent;
    return node != NULL;
}

static void mark(struct beyla *beyla, const struct yaml_node *node)
{
    size_t i = (size_t)(node - beyla->yaml.nodes);
    beyla->done[i++] = true;
    for (; i < beyla->yaml.count && lies_in(&beyla->yaml.nodes[i], node); i++)
        beyla->done[i] = true;
}

const struct yaml_node *beyla_take(struct beyla *beyla, const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_get(map, str_from(key));
    if (node && node->kind != YAML_MAP) // of a map each part is taken by itself
        mark(beyla, node);
    return node;
}

void beyla_note(struct beyla *beyla, const struct yaml_node *node, const char *format, ...)
{
    struct complaint line = {0};
    char text[COMPLAINT_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct yaml place = beyla->yaml;
    place.complaint = &line;
    (void)yaml_error_key(&place, node, "%s", text);
    fprintf(beyla->notes, "%s\n", line.error);
    mark(beyla, node);
}

bool beyla_fits(const char *path, struct str text)
{
    struct schema_value value;
    const struct schema_row *row = schema_find(str_from(path));
    return row && schema_parse(row, text, 0, &value) == 0;
}

void beyla_quote(FILE *out, struct str text)
{
    fputc('"', out);
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\x%02x", c);
        else
            fprintf(out, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    fputc('"', out);
}

static void log_convert(struct beyla *beyla)
{
    const struct yaml_node *node = beyla_take(beyla, beyla->yaml.root, "log_level");
    for (unsigned i = 0; node && i < LOG_LEVEL_MAX; i++)
        if (node->text.p && strcasecmp(node->text.p, log_level_names[i]) == 0) {
            fprintf(beyla->out, "log:\n  level: %s\n", log_level_names[i]);
            return;
        }
    if (node)
        beyla_note(beyla, node, "no equivalent; expected error, warn, info or debug");
}

static void service_convert(struct beyla *beyla)
{
    static const struct {
        const char *theirs, *before, *behind;
    } keys[] = {{"service_name", "  name: ", "\n"}, {"service_namespace", "  attributes: {service.namespace: ", "}\n"}};
    bool any = false;
    for (unsigned i = 0; i < array_size(keys); i++) {
        const struct yaml_node *node = beyla_take(beyla, beyla->yaml.root, keys[i].theirs);
        if (!node || node->kind == YAML_MAP || (node->kind == YAML_SCALAR && node->text.n == 0))
            continue;
        if (node->kind != YAML_SCALAR || !beyla_fits("service.name", node->text)) {
            beyla_note(beyla, node, "no equivalent; expected at most 127 bytes in one line");
            continue;
        }
        fprintf(beyla->out, "%s%s", any ? "" : "service:\n", keys[i].before);
        beyla_quote(beyla->out, node->text);
        fputs(keys[i].behind, beyla->out);
        any = true;
    }
}

// Theirs is true if nothing is said. Ours leaves out, by signal, what the service reports itself, as theirs.
static void self_instrumented_convert(struct beyla *beyla)
{
    const struct yaml_node *discovery = yaml_get(beyla->yaml.root, STR("discovery"));
    const struct yaml_node *node = beyla_take(beyla, discovery, "exclude_otel_instrumented_services");
    bool exclude = true;
    if (node && (node->kind != YAML_SCALAR || value_boolean_go(node->text.p, &exclude) < 0))
        beyla_note(beyla, node, "no equivalent; expected true or false");
    const char *choice = exclude ? "mute" : "keep";
    fprintf(beyla->out, "self_instrumented:\n  metrics: %s\n  traces: %s\n", choice, choice);
}

// Whatever nobody has read. Of a map of such things only the map is named.
static void rest_note(struct beyla *beyla)
{
    struct yaml *yaml = &beyla->yaml;
    for (size_t i = 1; i < yaml->count; i++) {
        const struct yaml_node *node = &yaml->nodes[i];
        bool part = false;
        for (size_t j = i + 1; node->kind == YAML_MAP && j < yaml->count && lies_in(&yaml->nodes[j], node); j++)
            part |= beyla->done[j];
        if (part || node->kind == YAML_NULL)
            beyla->done[i] = true;
        if (!beyla->done[i])
            beyla_note(beyla, node, "no equivalent");
    }
}

// ${NAME}, ${NAME:default} and ${NAME:-default}, as there: in the text of the file, before it is read.
static struct str variable_value(struct str inside, char *const *environment)
{
    char name[VARIABLE_NAME_MAX];
    const char *colon = memchr(inside.p, ':', inside.n);
    size_t n = colon ? (size_t)(colon - inside.p) : inside.n;
    snprintf(name, sizeof name, "%.*s", (int)n, inside.p);
    const char *value = environment_get(environment, name);
    if (value || !colon)
        return value ? str_from(value) : STR("");
    struct str standard = {colon + 1, inside.n - n - 1};
    return standard.n && standard.p[0] == '-' ? (struct str){standard.p + 1, standard.n - 1} : standard;
}

// The new text; -EFBIG is what does not fit into room.
static int variables_expand(struct str text, char *const *environment, char *to, size_t room, size_t *ret_size)
{
    size_t used = 0;
    for (size_t i = 0; i < text.n;) {
        const char *end =
            text.p[i] == '$' && i + 1 < text.n && text.p[i + 1] == '{' ? memchr(text.p + i, '}', text.n - i) : NULL;
        struct str piece = {text.p + i, 1};
        if (end && !memchr(text.p + i, '\n', (size_t)(end - text.p) - i))
            piece = variable_value((struct str){text.p + i + 2, (size_t)(end - text.p) - i - 2}, environment);
        else
            end = text.p + i;
        if (piece.n > room - used)
            return -EFBIG;
        if (piece.n)
            memcpy(to + used, piece.p, piece.n);
        used += piece.n;
        i = (size_t)(end - text.p) + 1;
    }
    *ret_size = used;
    return 0;
}

static void convert(struct beyla *beyla)
{
    fprintf(beyla->out, "# redstart.yaml(5), from %s\n", beyla->yaml.file);
    log_convert(beyla);
    service_convert(beyla);
    beyla_rules(beyla);
    self_instrumented_convert(beyla);
    beyla_routes(beyla);
    beyla_attributes(beyla);
    beyla_exports(beyla);
    rest_note(beyla);
}

int beyla_convert(const char *file, struct str bytes, char *const *environment, FILE *out, FILE *notes,
                  struct complaint *complaint)
{
    struct beyla beyla = {.out = out, .notes = notes};
    size_t size = 0;
    cleanup_free char *text = malloc(YAML_SIZE_MAX);
    if (!text)
        return complaint_error(complaint, "%s: not enough memory to read it", file);
    if (variables_expand(bytes, environment, text, YAML_SIZE_MAX, &size) < 0)
        return complaint_error(complaint, "%s: longer than %d bytes", file, YAML_SIZE_MAX);
    int r = yaml_read(&beyla.yaml, file, (struct str){text, size}, complaint);
    if (r < 0)
        return r == -EINVAL ? r : complaint_error(complaint, "%s: not enough memory to read it", file);
    cleanup_free bool *done = calloc(beyla.yaml.count + 1, sizeof *done);
    beyla.done = done;
    if (!done)
        r = complaint_error(complaint, "%s: not enough memory to read it", file);
    else if (beyla.yaml.root && yaml_expect(&beyla.yaml, beyla.yaml.root, YAML_MAP) < 0)
        r = -EINVAL;
    else
        convert(&beyla);
    yaml_release(&beyla.yaml);
    return r;
}
