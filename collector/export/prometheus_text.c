// The page of metrics in Prometheus' text format 0.0.4: one group of lines per metric, each with HELP and TYPE, no
// empty labels, histograms cumulative. Called by prometheus.c for each scrape, piece by
// piece. Names of hosts, routes and services are
// foreign text and are escaped. XREF(new-protocol): a kind's histograms come from red_instruments.
//
// Values are exact: seconds are written from integer nanoseconds, never through a double.
#include "collector/export/prometheus_format.h"

#include <stdio.h>

#define LABELS_MAX 4096 // of one series, escaped; several times what a series can hold

void prometheus_format_family(struct buffer *page, const char *name, const char *type, const char *help)
{
    buffer_add_format(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

// One more name="value" in a label list; what is unknown (empty) is left out.
static void add_label(struct buffer *labels, const char *name, struct str value)
{
    if (!value.n)
        return;
    if (labels->n)
        buffer_add_char(labels, ',');
    buffer_add_text(labels, name);
    buffer_add_str(labels, STR("=\""));
    buffer_add_label(labels, value);
    buffer_add_char(labels, '"');
}

static void add_label_number(struct buffer *labels, const char *name, unsigned value)
{
    char digits[12];
    int n = snprintf(digits, sizeof(digits), "%u", value);
    if (value)
        add_label(labels, name, (struct str){digits, (size_t)n});
}

static void add_labels_service(struct buffer *labels, const struct service *service)
{
    add_label(labels, "service_name", str_from(service->name));
    add_label(labels, "service_namespace", str_from(service->namespace_));
    add_label(labels, "service_instance_id", str_from(service->instance_id));
}

static void add_labels_series(struct buffer *labels, const struct red_series *series)
{
    add_labels_service(labels, series->service);
    if (series->overflow) {
        add_label(labels, "otel_metric_overflow", STR("true"));
        return;
    }
    add_label(labels, "http_request_method", str_from(http_method_name(series->method)));
    add_label_number(labels, "http_response_status_code", series->status);
    add_label(labels, "http_route", str_from(series->route));
    add_label(labels, "url_scheme", str_from(series->scheme));
    add_label(labels, "server_address", str_from(series->server_address));
    add_label_number(labels, "server_port", series->server_port);
    add_label(labels, "network_protocol_version", str_from(series->version));
    add_label(labels, "error_type", str_from(series->error_type));
}

// A measured integer in the metric's unit: bytes as they are, nanoseconds as seconds with no digit lost or added.
static void add_scaled(struct buffer *page, const struct histogram_bounds *bounds, uint64_t value)
{
    const uint64_t unit = bounds->scale == 1 ? 1 : UINT64_C(1000000000);
    buffer_add_u64(page, value / unit);
    uint64_t rest = value % unit;
    if (rest)
        buffer_add_char(page, '.');
    for (uint64_t digit = unit / 10; rest; rest %= digit, digit /= 10)
        buffer_add_char(page, (char)('0' + rest / digit));
}

static void add_line_start(struct buffer *page, const char *name, const char *suffix, struct str labels)
{
    buffer_add_text(page, name);
    buffer_add_text(page, suffix);
    buffer_add_char(page, '{');
    buffer_add_str(page, labels);
}

static void add_histogram(struct buffer *page, const struct red_instrument_info *info, struct str labels,
                          const struct histogram *histogram)
{
    uint64_t cumulative = 0;
    for (unsigned i = 0; i <= info->bounds->count; i++) {
        cumulative += histogram->bucket[i];
        add_line_start(page, info->prometheus_name, "_bucket", labels);
        buffer_add_str(page, STR(",le=\""));
        if (i < info->bounds->count)
            add_scaled(page, info->bounds, info->bounds->value[i]);
        else
            buffer_add_str(page, STR("+Inf"));
        buffer_add_str(page, STR("\"} "));
        buffer_add_u64(page, cumulative);
        buffer_add_char(page, '\n');
    }
    add_line_start(page, info->prometheus_name, "_sum", labels);
    buffer_add_str(page, STR("} "));
    add_scaled(page, info->bounds, histogram->sum);
    buffer_add_char(page, '\n');
    add_line_start(page, info->prometheus_name, "_count", labels);
    buffer_add_str(page, STR("} "));
    buffer_add_u64(page, histogram->count);
    buffer_add_char(page, '\n');
}

// The first series with measurements of this instrument after the one with this id.
static const struct red_series *series_after(const struct red_series *series, enum red_instrument instrument,
                                             uint64_t id)
{
    while (series && (series->id <= id || !series->histogram[instrument].count))
        series = series->next;
    return series;
}

// A metric with no measurement yet is not on the page. True: the piece is full.
static bool add_instrument(struct buffer *page, struct buffer *labels, const struct red *red,
                           struct prometheus_cursor *cursor)
{
    const struct red_instrument_info *info = &red_instruments[cursor->kind][cursor->instrument];
    const struct red_series *series = red_first(red, cursor->kind);
    if (!info->name)
        return false;
    while ((series = series_after(series, cursor->instrument, cursor->series_id))) {
        if (page->n >= PROMETHEUS_PIECE_BYTES)
            return true;
        if (!cursor->series_id)
            prometheus_format_family(page, info->prometheus_name, "histogram", info->description);
        cursor->series_id = series->id;
        buffer_reset(labels);
        add_labels_series(labels, series);
        add_histogram(page, info, (struct str){labels->p, labels->n}, &series->histogram[cursor->instrument]);
    }
    return false;
}

static bool add_instruments(struct buffer *page, struct buffer *labels, const struct red *red,
                            struct prometheus_cursor *cursor)
{
    for (; cursor->kind < SPAN_KIND_MAX; cursor->kind++, cursor->instrument = 0)
        for (; cursor->instrument < RED_INSTRUMENT_MAX; cursor->instrument++, cursor->series_id = 0)
            if (add_instrument(page, labels, red, cursor))
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

static void add_target(struct buffer *page, struct buffer *labels, const struct exposition *exposition,
                       const struct service *service)
{
    buffer_reset(labels);
    add_labels_service(labels, service);
    add_label(labels, "process_executable_name", str_from(service->exe_name));
    add_label(labels, "host_name", str_from(exposition->host_name));
    add_label(labels, "telemetry_sdk_name", STR("redstart"));
    add_label(labels, "telemetry_sdk_language", str_from(service->language));
    add_line_start(page, "target_info", "", (struct str){labels->p, labels->n});
    buffer_add_str(page, STR("} 1\n"));
}

// The resources of the services that have series. True: the piece is full.
static bool add_targets(struct buffer *page, struct buffer *labels, const struct exposition *exposition,
                        struct prometheus_cursor *cursor)
{
    const struct service *service;
    for (; (service = process_table_service(exposition->processes, cursor->service)); cursor->service++) {
        if (!service_measured(exposition->red, service))
            continue;
        if (page->n >= PROMETHEUS_PIECE_BYTES)
            return true;
        if (!cursor->target_begun)
            prometheus_format_family(page, "target_info", "gauge", "Attributes of the observed services' resources.");
        cursor->target_begun = true;
        add_target(page, labels, exposition, service);
    }
    return false;
}

bool prometheus_format_next(struct buffer *page, const struct exposition *exposition, struct prometheus_cursor *cursor)
{
    if (cursor->stage == PROMETHEUS_END)
        return false;
    struct buffer labels;
    bool full = false;
    buffer_init(&labels, LABELS_MAX);
    if (cursor->stage == PROMETHEUS_HISTOGRAMS)
        full = add_instruments(page, &labels, exposition->red, cursor);
    else if (cursor->stage == PROMETHEUS_TARGETS)
        full = add_targets(page, &labels, exposition, cursor);
    else
        prometheus_format_self(page, exposition);
    if (!full)
        cursor->stage++;
    buffer_release(&labels);
    return true;
}

void prometheus_format(struct buffer *buffer, const struct exposition *exposition)
{
    struct prometheus_cursor cursor = {0};
    struct buffer piece;
    buffer_init(&piece, buffer->max);
    while (prometheus_format_next(&piece, exposition, &cursor) && !buffer->failed) {
        buffer->failed |= piece.failed;
        buffer_add(buffer, piece.p, piece.n);
        buffer_reset(&piece);
    }
    buffer_release(&piece);
}
