// Environment variables of settings; see setting.h. By OpenTelemetry's rules: an empty one counts as unset, a bad one
// is warned about and ignored. Most say what the file would say; Prometheus' address and printing come from several
// that were there before us, and mean something of their own.
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "collector/conf/environment.h"
#include "collector/conf/options.h"
#include "collector/conf/propagators.h"
#include "collector/conf/setting.h"
#include "collector/conf/value.h"

#define NAME_MAX_BYTES        64
#define PROMETHEUS_PORT_USUAL 9464

struct layer {
    struct collector_options *options;
    char *const *environment;
    struct complaint *complaint;
};

// The first of the row's variables that is set; ret_name keeps its name for good. NULL: none.
static const char *variable_find(const struct layer *layer, const char *names, const char **ret_name)
{
    char name[NAME_MAX_BYTES];
    for (size_t n; *names; names += n + (names[n] == ' ')) {
        n = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        const char *value = environment_get(layer->environment, name);
        if (!value)
            continue;
        *ret_name = text_pool_keep(&layer->options->texts, str_from(name));
        return *ret_name ? value : NULL;
    }
    return NULL;
}

static void variable_ignore(const struct layer *layer, const char *name, const char *value, const char *expected)
{
    complaint_warn(layer->complaint, "%s=%s: expected %s; ignored", name, value, expected);
}

static void text_store(const struct layer *layer, enum setting setting, const char *name, const char *text)
{
    char expected[SCHEMA_EXPECTED_SIZE];
    const struct schema_row *row = &schema[setting];
    struct schema_value value;
    if (schema_parse_list(row, str_from(text), row->variable_unit, &value) < 0 ||
        !setting_store(layer->options, setting, &value, (struct setting_origin){SETTING_VARIABLE, name, 0}))
        variable_ignore(layer, name, text, schema_expected(row, row->variable_unit, expected));
}

// OTEL_METRICS_EXPORTER=prometheus asks for it, at OpenTelemetry's usual port.
static void prometheus_read_otel(const struct layer *layer)
{
    char text[128];
    uint64_t port = PROMETHEUS_PORT_USUAL;
    const char *exporter = environment_get(layer->environment, "OTEL_METRICS_EXPORTER");
    struct str list = str_from(exporter), item;
    bool asked = false;
    while (value_list_next(&list, &item))
        asked |= str_equal_nocase(item, STR("prometheus"));
    if (!asked)
        return;
    const char *host = environment_get(layer->environment, "OTEL_EXPORTER_PROMETHEUS_HOST");
    bool all = host && strcmp(host, "0.0.0.0") == 0;
    environment_number(layer->environment, "OTEL_EXPORTER_PROMETHEUS_PORT", 1, 65535, layer->complaint, &port);
    bool bare = host && strchr(host, ':') && host[0] != '[';
    snprintf(text, sizeof text, "%s%s%s:%u", bare ? "[" : "",
             !host ? "localhost"
             : all ? ""
                   : host,
             bare ? "]" : "", (unsigned)port);
    text_store(layer, SETTING_PROMETHEUS_LISTEN, host ? "OTEL_EXPORTER_PROMETHEUS_HOST" : "OTEL_METRICS_EXPORTER",
               text);
}

// Beyla's port means all addresses, 0 none.
static void prometheus_read(const struct layer *layer)
{
    char text[16];
    const char *name = NULL, *value = variable_find(layer, "BEYLA_PROMETHEUS_PORT OTEL_EBPF_PROMETHEUS_PORT", &name);
    uint64_t port = 0;
    prometheus_read_otel(layer);
    if (value && value_number(str_from(value), 0, 65535, &port) < 0)
        variable_ignore(layer, name, value, "a port from 1 to 65535, or 0 for none");
    if (!port)
        return;
    snprintf(text, sizeof text, ":%u", (unsigned)port);
    text_store(layer, SETTING_PROMETHEUS_LISTEN, name, text);
}

static void print_read(const struct layer *layer)
{
    const char *name = NULL;
    const char *value = variable_find(layer, "BEYLA_PRINT_TRACES OTEL_EBPF_PRINT_TRACES PRINT_TRACES", &name);
    bool print = layer->options->print_traces;
    const char *now = print && layer->options->trace_format == TEXT_FORMAT_JSON ? "json" : "text";
    if (value && value_boolean_go(value, &print) < 0)
        variable_ignore(layer, name, value, "true or false");
    else if (value)
        text_store(layer, SETTING_TRACES_PRINT, name, print ? now : "none");

    value = variable_find(layer, "BEYLA_TRACE_PRINTER OTEL_EBPF_TRACE_PRINTER", &name);
    if (value && (strcasecmp(value, "text") == 0 || strcasecmp(value, "json") == 0))
        text_store(layer, SETTING_TRACES_PRINT, name, value);
    else if (value && strcasecmp(value, "disabled") != 0)
        variable_ignore(layer, name, value, "text, json or disabled");

    value = environment_get(layer->environment, "OTEL_TRACES_EXPORTER");
    struct str list = str_from(value), item;
    while (value_list_next(&list, &item))
        if (str_equal_nocase(item, STR("console")) && !layer->options->print_traces)
            text_store(layer, SETTING_TRACES_PRINT, "OTEL_TRACES_EXPORTER", "text");
}

static void propagators_read(const struct layer *layer)
{
    const char *name = schema[SETTING_PROPAGATORS].variables;
    if (!environment_get(layer->environment, name))
        return;
    if (propagators_environment(layer->environment, &layer->options->propagators, layer->complaint))
        layer->options->origin[SETTING_PROPAGATORS] = (struct setting_origin){SETTING_VARIABLE, name, 0};
}

void setting_variables(struct collector_options *options, char *const *environment, struct complaint *complaint)
{
    const struct layer layer = {options, environment, complaint};
    for (unsigned i = 0; i < SETTING_MAX; i++) {
        const char *name = NULL, *value;
        if (i == SETTING_PROMETHEUS_LISTEN)
            prometheus_read(&layer);
        else if (i == SETTING_TRACES_PRINT)
            print_read(&layer);
        else if (i == SETTING_PROPAGATORS)
            propagators_read(&layer);
        else if (schema[i].variables && (value = variable_find(&layer, schema[i].variables, &name)))
            text_store(&layer, (enum setting)i, name, value);
    }
}
