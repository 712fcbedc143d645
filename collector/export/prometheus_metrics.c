// The page of metrics: which families, series and labels are on it, piece by piece. Called by prometheus_page.c for
// each scrape. Names of hosts, routes and services are foreign text; the formats (prometheus_writer.h) escape them.
// XREF(new-protocol): a kind's histograms come from red_instruments.
#include "collector/export/prometheus_format.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "collector/red/attribute.h"

#define TARGET_LABEL_MAX 128

static void add_labels_service(struct prometheus_writer *writer, const struct service *service)
{
    prometheus_label(writer, "service_name", str_from(service->name));
    prometheus_label(writer, "service_namespace", str_from(service->namespace_));
    prometheus_label(writer, "service_instance_id", str_from(service->instance_id));
}

static void add_label(void *context, const struct red_attribute_name *name, struct str text, int64_t number)
{
    char digits[24];
    if (!text.p)
        text = (struct str){digits, (size_t)snprintf(digits, sizeof(digits), "%" PRId64, number)};
    prometheus_label(context, name->label, text);
}

static void add_labels_series(struct prometheus_writer *writer, const struct red_series *series,
                              enum metric_names names)
{
    add_labels_service(writer, series->service);
    if (series->overflow)
        prometheus_label(writer, "otel_metric_overflow", STR("true"));
    else
        red_attributes_walk(series, names, add_label, writer);
}

// The first series with measurements of this instrument after the one with this id.
static const struct red_series *series_after(const struct red_series *series, enum red_instrument instrument,
                                             uint64_t id)
{
    while (series && (series->id <= id || !series->histogram[instrument].count))
        series = series->next;
    return series;
}

// As it ends the metric's name.
static const char *unit_name(const struct red_instrument_info *info)
{
    return info->unit && strcmp(info->unit, "By") == 0 ? "bytes" : "seconds";
}

// A metric with no measurement yet is not on the page. True: the piece is full.
static bool add_instrument(struct prometheus_writer *writer, const struct red *red, struct prometheus_cursor *cursor)
{
    const struct red_instrument_info *info = red_instrument_named(red_names(red), cursor->kind, cursor->instrument);
    const struct prometheus_family family = {info->prometheus_name, PROMETHEUS_HISTOGRAM, unit_name(info),
                                             info->description};
    const struct red_series *series = red_first(red, cursor->kind);
    bool full = false, begun = false;
    if (!info->name)
        return false;
    while ((series = series_after(series, cursor->instrument, cursor->series_id)) && !full) {
        if (!begun)
            prometheus_family_begin(writer, &family, cursor->series_id != 0);
        begun = true;
        cursor->series_id = series->id;
        add_labels_series(writer, series, red_names(red));
        prometheus_histogram(writer, series, cursor->instrument);
        full = prometheus_writer_size(writer) >= PROMETHEUS_PIECE_BYTES;
    }
    if (begun)
        prometheus_family_end(writer);
    return full;
}

static bool add_instruments(struct prometheus_writer *writer, const struct red *red, struct prometheus_cursor *cursor)
{
    for (; cursor->kind < SPAN_KIND_MAX; cursor->kind++, cursor->instrument = 0)
        for (; cursor->instrument < RED_INSTRUMENT_MAX; cursor->instrument++, cursor->series_id = 0)
            if (add_instrument(writer, red, cursor))
                return true;
    return false;
}

static bool service_measured(const struct red *red, const struct service *service)
{
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        for (const struct red_series *series = red_first(red, kind); series; series = series->next)
            if (series->service == service)
                return true;
    return false;
}

static bool name_listed(char (*names)[TARGET_LABEL_MAX], unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

// The attribute's key as a label's name: [a-zA-Z_][a-zA-Z0-9_]*. "" if it is too long.
static void target_name(const char *key, char ret_name[TARGET_LABEL_MAX])
{
    size_t n = strlen(key), at = 0;
    ret_name[0] = 0;
    if (n + 2 > TARGET_LABEL_MAX)
        return;
    if (key[0] >= '0' && key[0] <= '9')
        ret_name[at++] = '_';
    for (size_t i = 0; i < n; i++, at++)
        ret_name[at] = isalnum((unsigned char)key[i]) && (signed char)key[i] > 0 ? key[i] : '_';
    ret_name[at] = 0;
}

// Of each attribute; "" for those whose name another one has already, as a.b and a_b: a label stands once.
static unsigned target_names(const struct service *service, char (*ret_names)[TARGET_LABEL_MAX])
{
    unsigned count = service->attribute_count < ATTRIBUTE_SET_MAX ? service->attribute_count : ATTRIBUTE_SET_MAX;
    for (unsigned i = 0; i < count; i++) {
        target_name(service->attributes[i].key, ret_names[i]);
        if (name_listed(ret_names, i, ret_names[i]) || strncmp(ret_names[i], "service_name", 12) == 0 ||
            strcmp(ret_names[i], "service_instance_id") == 0 || strncmp(ret_names[i], "telemetry_sdk_", 14) == 0 ||
            strncmp(ret_names[i], "__", 2) == 0)
            ret_names[i][0] = 0;
    }
    return count;
}

static void add_target(struct prometheus_writer *writer, const struct exposition *exposition,
                       const struct service *service)
{
    const char *const known[][2] = {
        {"process_executable_name", service->exe_name},
        {"host_name", exposition->host_name},
        {"telemetry_sdk_name", "redstart"},
        {"telemetry_sdk_language", service->language},
        {"process_runtime_version", service->runtime_version},
    };
    char names[ATTRIBUTE_SET_MAX][TARGET_LABEL_MAX];
    unsigned count = target_names(service, names);
    add_labels_service(writer, service);
    for (size_t i = 0; i < array_size(known); i++)
        if (!name_listed(names, count, known[i][0]))
            prometheus_label(writer, known[i][0], str_from(known[i][1]));
    for (unsigned i = 0; i < count; i++)
        if (names[i][0])
            prometheus_label(writer, names[i], str_from(service->attributes[i].value));
    prometheus_value(writer, 1, 1);
}

// The resources of the services that have series. True: the piece is full.
static bool add_targets(struct prometheus_writer *writer, const struct exposition *exposition,
                        struct prometheus_cursor *cursor)
{
    static const struct prometheus_family family = {"target", PROMETHEUS_INFO, NULL,
                                                    "Attributes of the observed services' resources."};
    const struct service *service;
    bool full = false, begun = false;
    for (; !full && (service = process_table_service(exposition->processes, cursor->service)); cursor->service++) {
        if (!service_measured(exposition->red, service))
            continue;
        if (!begun)
            prometheus_family_begin(writer, &family, cursor->target_begun);
        begun = cursor->target_begun = true;
        add_target(writer, exposition, service);
        full = prometheus_writer_size(writer) >= PROMETHEUS_PIECE_BYTES;
    }
    if (begun)
        prometheus_family_end(writer);
    return full;
}

bool prometheus_format_next(struct prometheus_writer *writer, const struct exposition *exposition,
                            struct prometheus_cursor *cursor)
{
    bool full = false;
    switch (cursor->stage) {
    case PROMETHEUS_HISTOGRAMS:
        full = add_instruments(writer, exposition->red, cursor);
        break;
    case PROMETHEUS_TARGETS:
        full = add_targets(writer, exposition, cursor);
        break;
    case PROMETHEUS_SELF:
        prometheus_format_self(writer, exposition);
        prometheus_page_end(writer);
        break;
    case PROMETHEUS_END:
        return false;
    }
    if (!full)
        cursor->stage++;
    return true;
}

void prometheus_format(struct buffer *buffer, const struct exposition *exposition, enum prometheus_format format)
{
    struct prometheus_cursor cursor = {0};
    struct prometheus_writer writer;
    struct buffer piece;
    buffer_init(&piece, buffer->max);
    prometheus_writer_init(&writer, format, &piece);
    while (prometheus_format_next(&writer, exposition, &cursor) && !buffer->failed) {
        buffer->failed |= piece.failed;
        buffer_add(buffer, piece.p, piece.n);
        buffer_reset(&piece);
    }
    prometheus_writer_release(&writer);
    buffer_release(&piece);
}
