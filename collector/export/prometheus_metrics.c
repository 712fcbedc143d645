// The page of metrics: which families, series and labels are on it, piece by piece. Called by prometheus_page.c for
// each scrape. Names of hosts, routes and services are foreign text; the formats (prometheus_writer.h) escape them.
// XREF(new-protocol): a kind's histograms come from red_instruments.
#include "collector/export/prometheus_format.h"

#include <inttypes.h>
#include <stdio.h>
#include "collector/red/attribute.h"

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

static void add_target(struct prometheus_writer *writer, const struct exposition *exposition,
                       const struct service *service)
{
    add_labels_service(writer, service);
    prometheus_label(writer, "process_executable_name", str_from(service->exe_name));
    prometheus_label(writer, "host_name", str_from(exposition->host_name));
    prometheus_label(writer, "telemetry_sdk_name", STR("redstart"));
    prometheus_label(writer, "telemetry_sdk_language", str_from(service->language));
    prometheus_label(writer, "process_runtime_version", str_from(service->runtime_version));
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
