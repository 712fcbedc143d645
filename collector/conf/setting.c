// See setting.h. Most values lie in struct collector_options where the schema's row says; the few that mean more than
// one member, or are a list, are named here.
#include "collector/conf/setting.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "collector/conf/bucket_bounds.h"
#include "collector/conf/options.h"
#include "collector/conf/propagators.h"
#include "collector/conf/value.h"

enum { PRINT_NONE, PRINT_TEXT, PRINT_JSON }; // of traces.print's names

static bool listen_store(struct collector_options *options, struct str text)
{
    struct str address;
    uint16_t port;
    if (value_listen(text.p, &address, &port) < 0)
        return false;
    const char *copy = address.p ? text_pool_keep(&options->texts, address) : NULL;
    if (address.p && !copy)
        return false;
    options->prometheus = true;
    options->prometheus_address = copy;
    options->prometheus_port = port;
    return true;
}

static bool is_bounds(const struct schema_row *row)
{
    return row->size == sizeof(struct histogram_bounds);
}

// False: a list whose items are right one by one is not what the member takes.
static bool member_store(struct collector_options *options, const struct schema_row *row,
                         const struct schema_value *value)
{
    void *member = (char *)options + row->offset;
    if (is_bounds(row))
        return bucket_bounds_parse(row, value->text, member) == 0;
    if (row->type == SCHEMA_TEXT || row->type == SCHEMA_PATH)
        *(const char **)member = value->text.p;
    else if (row->type == SCHEMA_RATIO)
        *(double *)member = value->ratio;
    else if (row->size == sizeof(bool))
        *(bool *)member = value->number != 0;
    else if (row->size == sizeof(unsigned))
        *(unsigned *)member = (unsigned)value->number;
    else
        *(uint64_t *)member = value->number;
    return true;
}

bool setting_store(struct collector_options *options, enum setting setting, const struct schema_value *value,
                   struct setting_origin origin)
{
    const struct schema_row *row = &schema[setting];
    struct complaint none = {0};
    bool stored = true;
    if (setting == SETTING_PROMETHEUS_LISTEN) {
        stored = listen_store(options, value->text);
    } else if (setting == SETTING_TRACES_PRINT) {
        options->print_traces = value->number != PRINT_NONE;
        options->trace_format = value->number == PRINT_JSON ? TEXT_FORMAT_JSON : TEXT_FORMAT_TEXT;
    } else if (setting == SETTING_PROPAGATORS) {
        stored = propagators_parse(value->text.p, &options->propagators, &none) == 0;
    } else {
        stored = member_store(options, row, value);
    }
    if (stored)
        options->origin[setting] = origin;
    return stored;
}

void setting_defaults(struct collector_options *options)
{
    for (unsigned i = 0; i < SETTING_MAX; i++) {
        struct schema_value value;
        if (schema[i].initial && schema_parse_list(&schema[i], str_from(schema[i].initial), 0, &value) == 0)
            (void)setting_store(options, (enum setting)i, &value, (struct setting_origin){SETTING_DEFAULT, NULL, 0});
    }
}

// Follows "traces.batch.schedule_delay" from the root; NULL if it is not there.
static const struct yaml_node *node_find(const struct yaml *yaml, const char *path)
{
    const struct yaml_node *node = yaml->root;
    while (node && *path) {
        size_t n = strcspn(path, ".");
        node = yaml_get(node, (struct str){path, n});
        path += n + (path[n] == '.');
    }
    return node;
}

// "a,b" of a list, as an option would say it.
static struct str list_join(struct collector_options *options, const struct yaml_node *list)
{
    char text[1024] = "";
    size_t used = 0;
    for (const struct yaml_node *item = list->first; item && used < sizeof text; item = item->next)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? "," : "", item->text.p);
    return str_from(used < sizeof text ? text_pool_keep(&options->texts, str_from(text)) : NULL);
}

int setting_file(struct collector_options *options, const struct yaml *yaml)
{
    int r = 0;
    for (unsigned i = 0; i < SETTING_MAX; i++) {
        const struct schema_row *row = &schema[i];
        const struct yaml_node *node = node_find(yaml, row->path);
        struct schema_value value = {0};
        if (!node)
            continue;
        if (node->kind == YAML_LIST) // of a row with many; its items were judged
            value.text = list_join(options, node);
        else if (schema_parse(row, node->text, 0, &value) < 0)
            return yaml_error(yaml, node, "cannot be read");
        if (!value.text.p ||
            !setting_store(options, (enum setting)i, &value, (struct setting_origin){SETTING_FILE, NULL, node->line}))
            r = yaml_error(yaml, node, "expected %s",
                           is_bounds(row) ? "1 to 23 bounds, each larger than the one before" : "a shorter list");
    }
    return r;
}

struct sampler setting_sampler(unsigned name, double ratio)
{
    const char *text = schema[SETTING_TRACES_SAMPLER].names[name], *rest = text;
    bool parent = strncmp(text, "parentbased_", 12) == 0;
    if (parent)
        rest += 12;
    return (struct sampler){
        .follow_parent = parent,
        .ratio = strcmp(rest, "always_on") == 0    ? 1
                 : strcmp(rest, "always_off") == 0 ? 0
                                                   : ratio,
    };
}

// Where a value may be left out, what stands for it.
static const char *option_bare(enum setting setting)
{
    return setting == SETTING_TRACES_PRINT ? "text" : "";
}

int setting_option(struct collector_options *options, enum setting setting, const char *value,
                   struct complaint *complaint)
{
    const struct schema_row *row = &schema[setting];
    char expected[SCHEMA_EXPECTED_SIZE];
    struct schema_value parsed = {.text = str_from(value)};
    struct setting_origin origin = {SETTING_OPTION, row->option, 0};
    if (setting == SETTING_PROPAGATORS) { // a list that has its own messages
        int r = propagators_parse(value, &options->propagators, complaint);
        if (r == 0)
            options->origin[setting] = origin;
        return r;
    }
    if (schema_parse_list(row, str_from(value ? value : option_bare(setting)), row->option_unit, &parsed) < 0)
        return complaint_error(complaint, "%s%s%s: expected %s", row->option, row->type == SCHEMA_TEXT ? "" : " ",
                               row->type == SCHEMA_TEXT ? "" : value, schema_expected(row, row->option_unit, expected));
    if (!setting_store(options, setting, &parsed, origin))
        return complaint_error(complaint, "%s: options and variables are longer than %d bytes in all", row->option,
                               TEXT_POOL_SIZE);
    return 0;
}

static void listen_write(const struct collector_options *options, char text[SETTING_TEXT_SIZE])
{
    const char *address = options->prometheus_address;
    bool brackets = address && strchr(address, ':');
    if (options->prometheus)
        snprintf(text, SETTING_TEXT_SIZE, "%s%s%s:%u", brackets ? "[" : "", address ? address : "localhost",
                 brackets ? "]" : "", options->prometheus_port);
}

static void member_write(const struct collector_options *options, const struct schema_row *row,
                         char text[SETTING_TEXT_SIZE])
{
    const void *member = (const char *)options + row->offset;
    uint64_t number = row->size == sizeof(bool)       ? *(const bool *)member
                      : row->size == sizeof(unsigned) ? *(const unsigned *)member
                                                      : *(const uint64_t *)member;
    switch (row->type) {
    case SCHEMA_CHOICE:
        snprintf(text, SETTING_TEXT_SIZE, "%s", row->names[number]);
        break;
    case SCHEMA_DURATION:
        value_duration_write(number, text);
        break;
    case SCHEMA_RATIO:
        snprintf(text, SETTING_TEXT_SIZE, "%g", *(const double *)member);
        break;
    case SCHEMA_TEXT:
    case SCHEMA_PATH:
        snprintf(text, SETTING_TEXT_SIZE, "%s", *(const char *const *)member ? *(const char *const *)member : "");
        break;
    default:
        snprintf(text, SETTING_TEXT_SIZE, "%" PRIu64, number);
        break;
    }
}

void setting_write(const struct collector_options *options, enum setting setting, char text[SETTING_TEXT_SIZE])
{
    text[0] = 0;
    if (setting == SETTING_PROMETHEUS_LISTEN)
        listen_write(options, text);
    else if (setting == SETTING_TRACES_PRINT)
        snprintf(text, SETTING_TEXT_SIZE, "%s",
                 schema[setting].names[!options->print_traces                      ? PRINT_NONE
                                       : options->trace_format == TEXT_FORMAT_JSON ? PRINT_JSON
                                                                                   : PRINT_TEXT]);
    else if (setting == SETTING_PROPAGATORS)
        propagators_write(&options->propagators, text, SETTING_TEXT_SIZE);
    else if (is_bounds(&schema[setting]))
        bucket_bounds_write(&schema[setting], (const void *)((const char *)options + schema[setting].offset), text,
                            SETTING_TEXT_SIZE);
    else
        member_write(options, &schema[setting], text);
}
