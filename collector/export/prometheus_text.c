// The page of metrics in Prometheus' text format 0.0.4: one group of lines per metric, each with HELP and TYPE, no
// empty labels, histograms cumulative. Called by prometheus.c for each scrape. Names of hosts, routes and services are
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

// A metric with no measurement yet is not on the page.
static void add_instrument(struct buffer *page, struct buffer *labels, const struct red *red, enum span_kind kind,
                           enum red_instrument instrument)
{
    const struct red_instrument_info *info = &red_instruments[kind][instrument];
    bool begun = false;
    for (const struct red_series *series = red_first(red, kind); series; series = series->next) {
        if (!info->name || !series->histogram[instrument].count)
            continue;
        if (!begun)
            prometheus_format_family(page, info->prometheus_name, "histogram", info->description);
        begun = true;
        buffer_reset(labels);
        add_labels_series(labels, series);
        add_histogram(page, info, (struct str){labels->p, labels->n}, &series->histogram[instrument]);
    }
}

static bool service_measured(const struct red *red, const struct service *service)
{
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        for (const struct red_series *series = red_first(red, kind); series; series = series->next)
            if (series->service == service)
                return true;
    return false;
}

// The resources of the services that have series on this page.
static void add_target_info(struct buffer *page, struct buffer *labels, const struct exposition *exposition)
{
    const struct service *service;
    bool begun = false;
    for (uint32_t i = 0; (service = process_table_service(exposition->processes, i)); i++) {
        if (!service_measured(exposition->red, service))
            continue;
        if (!begun)
            prometheus_format_family(page, "target_info", "gauge", "Attributes of the observed services' resources.");
        begun = true;
        buffer_reset(labels);
        add_labels_service(labels, service);
        add_label(labels, "process_executable_name", str_from(service->exe_name));
        add_label(labels, "host_name", str_from(exposition->host_name));
        add_label(labels, "telemetry_sdk_name", STR("redstart"));
        add_label(labels, "telemetry_sdk_language", str_from(service->language));
        add_line_start(page, "target_info", "", (struct str){labels->p, labels->n});
        buffer_add_str(page, STR("} 1\n"));
    }
}

void prometheus_format(struct buffer *page, const struct exposition *exposition)
{
    struct buffer labels;
    buffer_init(&labels, LABELS_MAX);
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        for (unsigned instrument = 0; instrument < RED_INSTRUMENT_MAX; instrument++)
            add_instrument(page, &labels, exposition->red, kind, instrument);
    add_target_info(page, &labels, exposition);
    buffer_release(&labels);
    prometheus_format_self(page, exposition);
}
