// redstart's own metrics on the page, in text format 0.0.4: the counters of struct self and of the kernel side. Called
// by prometheus_text.c. Everything here is ours; no foreign text but an export's destination, which is configured.
//
// The tables (common/abi/counters.h, red/self.h) name every cause, so each exists from the start, at 0.
#include "collector/export/prometheus_format.h"

#include <inttypes.h>

static void add_kernel(struct buffer *page, const struct self *self)
{
    prometheus_format_family(page, "redstart_records_total", "counter", "Records that the kernel side produced.");
#define X(id, kind)                                                                                                    \
    buffer_add_format(page, "redstart_records_total{kind=\"%s\"} %" PRIu64 "\n", kind, self->kernel[COUNTER_##id]);
    COUNTERS_RECORDS(X)
#undef X
    prometheus_format_family(page, "redstart_records_lost_total", "counter",
                             "Records that the kernel side could not hand over.");
#define X(id, cause)                                                                                                   \
    buffer_add_format(page, "redstart_records_lost_total{cause=\"%s\"} %" PRIu64 "\n", cause,                          \
                      self->kernel[COUNTER_##id]);
    COUNTERS_LOST(X)
#undef X
}

static void add_unparsed(struct buffer *page, const struct self *self)
{
    prometheus_format_family(page, "redstart_unparsed_total", "counter", "What was seen but not turned into a span.");
#define LINE(protocol, cause, value)                                                                                   \
    buffer_add_format(page, "redstart_unparsed_total{protocol=\"%s\",cause=\"%s\"} %" PRIu64 "\n", protocol, cause,    \
                      value);
#define X(id, protocol, cause) LINE(protocol, cause, self->kernel[COUNTER_##id])
    COUNTERS_UNREADABLE(X)
#undef X
#define X(id, protocol, cause) LINE(protocol, cause, self->unparsed[SELF_UNPARSED_##id])
    SELF_UNPARSED(X)
#undef X
#undef LINE
}

static void add_spans(struct buffer *page, const struct self *self)
{
    prometheus_format_family(page, "redstart_spans_total", "counter", "Spans that were built.");
    static const char *const kinds[SPAN_KIND_MAX] = {[SPAN_KIND_SERVER] = "server", [SPAN_KIND_CLIENT] = "client"};
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        buffer_add_format(page, "redstart_spans_total{outcome=\"built\",kind=\"%s\"} %" PRIu64 "\n", kinds[kind],
                          self->spans[kind]);
    prometheus_format_family(page, "redstart_spans_dropped_total", "counter",
                             "Spans that were built but not shown everywhere.");
#define X(id, cause)                                                                                                   \
    buffer_add_format(page, "redstart_spans_dropped_total{cause=\"%s\"} %" PRIu64 "\n", cause,                         \
                      self->spans_dropped[SELF_SPANS_DROPPED_##id]);
    SELF_SPANS_DROPPED(X)
#undef X
}

static void add_series(struct buffer *page, const struct red *red)
{
    prometheus_format_family(page, "redstart_series_dropped_total", "counter",
                             "Requests that were counted in an overflow series.");
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        buffer_add_format(page, "redstart_series_dropped_total{metric=\"%s\"} %" PRIu64 "\n",
                          red_instruments[kind][RED_DURATION].prometheus_name, red_overflowed(red, kind));
}

static const char *const signal_names[SELF_SIGNAL_MAX] = {
    [SELF_SIGNAL_METRICS] = "metrics",
    [SELF_SIGNAL_TRACES] = "traces",
};
static const char *const failure_names[SELF_FAILURE_MAX] = {
    [SELF_FAILURE_REJECTED] = "rejected",
    [SELF_FAILURE_GAVE_UP] = "gave_up",
    [SELF_FAILURE_QUEUE_FULL] = "queue_full",
};

// cause: NULL for a metric without that label.
static void add_export_line(struct buffer *page, const char *name, const char *destination, const char *signal,
                            const char *cause, uint64_t value)
{
    buffer_add_text(page, name);
    buffer_add_str(page, STR("{destination=\""));
    buffer_add_label(page, str_from(destination));
    buffer_add_format(page, "\",signal=\"%s\"", signal);
    if (cause)
        buffer_add_format(page, ",cause=\"%s\"", cause);
    buffer_add_format(page, "} %" PRIu64 "\n", value);
}

static void add_exports(struct buffer *page, const struct self *self)
{
    const struct self_export *exports = self->exports;
    if (!exports[SELF_SIGNAL_METRICS].destination && !exports[SELF_SIGNAL_TRACES].destination)
        return;
    prometheus_format_family(page, "redstart_export_sent_total", "counter", "Points or spans that a destination took.");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        if (exports[i].destination)
            add_export_line(page, "redstart_export_sent_total", exports[i].destination, signal_names[i], NULL,
                            exports[i].sent);
    prometheus_format_family(page, "redstart_export_failed_total", "counter",
                             "Points or spans that a destination did not get.");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        for (unsigned cause = 0; exports[i].destination && cause < SELF_FAILURE_MAX; cause++)
            add_export_line(page, "redstart_export_failed_total", exports[i].destination, signal_names[i],
                            failure_names[cause], exports[i].failed[cause]);
    prometheus_format_family(page, "redstart_export_retries_total", "counter", "Attempts that were repeated.");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        if (exports[i].destination)
            add_export_line(page, "redstart_export_retries_total", exports[i].destination, signal_names[i], NULL,
                            exports[i].retries);
}

void prometheus_format_self(struct buffer *page, const struct exposition *exposition)
{
    const struct self *self = exposition->self;
    prometheus_format_family(page, "redstart_build_info", "gauge", "Version and commit of this redstart.");
    buffer_add_format(page, "redstart_build_info{version=\"%s\",commit=\"%s\"} 1\n", REDSTART_VERSION, REDSTART_COMMIT);
    add_kernel(page, self);
    add_unparsed(page, self);
    add_spans(page, self);
    add_series(page, exposition->red);
    add_exports(page, self);
    prometheus_format_family(page, "redstart_observed_processes", "gauge", "Processes under observation.");
    buffer_add_format(page, "redstart_observed_processes %" PRIu32 "\n", self->observed_processes);
    prometheus_format_family(page, "redstart_connections", "gauge", "Observed connections that are open.");
    buffer_add_format(page, "redstart_connections %" PRIu32 "\n", self->connections);
}
