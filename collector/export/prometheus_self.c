// redstart's own metrics on the page: the counters of struct self and of the kernel side, and what else tells an
// operator whether redstart is well. Called by prometheus_metrics.c. Everything here is ours; no foreign text but an
// export's destination, which is configured.
//
// The tables (common/abi/counters.h, red/self.h) name every cause, so each exists from the start, at 0.
#include "collector/core/clock.h"
#include "collector/export/prometheus_format.h"

// FAMILY(COUNTER, "name", "help") and its samples until the next family.
#define FAMILY(writer, type, name, unit, help)                                                                         \
    do {                                                                                                               \
        static const struct prometheus_family family = {name, PROMETHEUS_##type, unit, help};                          \
        prometheus_family_begin(writer, &family, false);                                                               \
    } while (0)

static void add_value1(struct prometheus_writer *writer, const char *label, const char *text, uint64_t value)
{
    prometheus_label(writer, label, str_from(text));
    prometheus_value(writer, value, 1);
}

static void add_value2(struct prometheus_writer *writer, const char *label, const char *text, const char *label2,
                       const char *text2, uint64_t value)
{
    prometheus_label(writer, label, str_from(text));
    add_value1(writer, label2, text2, value);
}

static void add_build(struct prometheus_writer *writer)
{
    FAMILY(writer, INFO, "redstart_build", NULL, "Version and commit of this redstart.");
    add_value2(writer, "version", REDSTART_VERSION, "commit", REDSTART_COMMIT, 1);
    prometheus_family_end(writer);
}

static void add_kernel(struct prometheus_writer *writer, const struct self *self)
{
    FAMILY(writer, COUNTER, "redstart_records", NULL, "Records that the kernel side produced.");
#define X(id, kind) add_value1(writer, "kind", kind, self->kernel[COUNTER_##id]);
    COUNTERS_RECORDS(X)
#undef X
    prometheus_family_end(writer);
    FAMILY(writer, COUNTER, "redstart_records_lost", NULL, "Records that the kernel side could not hand over.");
#define X(id, cause) add_value1(writer, "cause", cause, self->kernel[COUNTER_##id]);
    COUNTERS_LOST(X)
#undef X
    prometheus_family_end(writer);
}

static void add_unparsed(struct prometheus_writer *writer, const struct self *self)
{
    FAMILY(writer, COUNTER, "redstart_unparsed", NULL, "What was seen but not turned into a span.");
#define X(id, protocol, cause) add_value2(writer, "protocol", protocol, "cause", cause, self->kernel[COUNTER_##id]);
    COUNTERS_UNREADABLE(X)
#undef X
#define X(id, protocol, cause)                                                                                         \
    add_value2(writer, "protocol", protocol, "cause", cause, self->unparsed[SELF_UNPARSED_##id]);
    SELF_UNPARSED(X)
#undef X
    prometheus_family_end(writer);
}

static void add_spans(struct prometheus_writer *writer, const struct self *self)
{
    static const char *const kinds[SPAN_KIND_MAX] = {[SPAN_KIND_SERVER] = "server", [SPAN_KIND_CLIENT] = "client"};
    FAMILY(writer, COUNTER, "redstart_spans", NULL, "Spans that were built.");
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        add_value2(writer, "outcome", "built", "kind", kinds[kind], self->spans[kind]);
    prometheus_family_end(writer);
    FAMILY(writer, COUNTER, "redstart_spans_dropped", NULL, "Spans that were built but not shown everywhere.");
#define X(id, cause) add_value1(writer, "cause", cause, self->spans_dropped[SELF_SPANS_DROPPED_##id]);
    SELF_SPANS_DROPPED(X)
#undef X
    prometheus_family_end(writer);
}

static void add_series(struct prometheus_writer *writer, const struct red *red)
{
    FAMILY(writer, COUNTER, "redstart_series_dropped", NULL, "Requests that were counted in an overflow series.");
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        add_value1(writer, "metric", red_instruments[kind][RED_DURATION].prometheus_name, red_overflowed(red, kind));
    prometheus_family_end(writer);
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

static void add_exports(struct prometheus_writer *writer, const struct self *self)
{
    const struct self_export *exports = self->exports;
    if (!exports[SELF_SIGNAL_METRICS].destination && !exports[SELF_SIGNAL_TRACES].destination)
        return;
    FAMILY(writer, COUNTER, "redstart_export_sent", NULL, "Points or spans that a destination took.");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        if (exports[i].destination)
            add_value2(writer, "destination", exports[i].destination, "signal", signal_names[i], exports[i].sent);
    prometheus_family_end(writer);
    FAMILY(writer, COUNTER, "redstart_export_failed", NULL, "Points or spans that a destination did not get.");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        for (unsigned cause = 0; exports[i].destination && cause < SELF_FAILURE_MAX; cause++) {
            prometheus_label(writer, "destination", str_from(exports[i].destination));
            add_value2(writer, "signal", signal_names[i], "cause", failure_names[cause], exports[i].failed[cause]);
        }
    prometheus_family_end(writer);
    FAMILY(writer, COUNTER, "redstart_export_retries", NULL, "Attempts that were repeated.");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        if (exports[i].destination)
            add_value2(writer, "destination", exports[i].destination, "signal", signal_names[i], exports[i].retries);
    prometheus_family_end(writer);
}

// Of each destination: what waits for it, and when it last took something (0: never).
static void add_export_state(struct prometheus_writer *writer, const struct self_export *exports)
{
    if (!exports[SELF_SIGNAL_METRICS].destination && !exports[SELF_SIGNAL_TRACES].destination)
        return;
    FAMILY(writer, GAUGE, "redstart_export_queue_length", NULL, "Spans that wait for a destination.");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        if (exports[i].destination)
            add_value2(writer, "destination", exports[i].destination, "signal", signal_names[i], exports[i].queued);
    prometheus_family_end(writer);
    FAMILY(writer, GAUGE, "redstart_export_last_success_timestamp_seconds", "seconds",
           "When a destination last took something; 0 before it did.");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        if (exports[i].destination) {
            prometheus_label(writer, "destination", str_from(exports[i].destination));
            prometheus_label(writer, "signal", str_from(signal_names[i]));
            prometheus_value(writer, exports[i].last_success_unix_ns, NS_PER_SEC);
        }
    prometheus_family_end(writer);
}

static void add_gauge(struct prometheus_writer *writer, uint64_t value, uint64_t unit)
{
    prometheus_value(writer, value, unit);
    prometheus_family_end(writer);
}

static void add_observed(struct prometheus_writer *writer, const struct self *self)
{
    FAMILY(writer, GAUGE, "redstart_observed_processes", NULL, "Processes under observation.");
    add_gauge(writer, self->observed_processes, 1);
    FAMILY(writer, GAUGE, "redstart_connections", NULL, "Observed connections that are open.");
    add_gauge(writer, self->connections, 1);
}

// How near to losing records we were. Nothing before the loader gave us its rings.
static void add_rings(struct prometheus_writer *writer, const struct self *self)
{
    if (!self->ring_bytes)
        return;
    FAMILY(writer, GAUGE, "redstart_ring_size_bytes", "bytes", "Size of each ring from the kernel.");
    add_gauge(writer, self->ring_bytes, 1);
    FAMILY(writer, GAUGE, "redstart_ring_high_water_bytes", "bytes", "The most that was found waiting in one ring.");
    add_gauge(writer, self->ring_high_water_bytes, 1);
    FAMILY(writer, GAUGE, "redstart_drain_delay_seconds", "seconds", "How long the last records had waited in a ring.");
    add_gauge(writer, self->drain_delay_ns, NS_PER_SEC);
    FAMILY(writer, GAUGE, "redstart_drain_delay_max_seconds", "seconds", "The longest that a record waited in a ring.");
    add_gauge(writer, self->drain_delay_max_ns, NS_PER_SEC);
}

// What redstart itself takes. Nothing where it is not known: the loader's when there is none, ours in a replay.
static void add_usage(struct prometheus_writer *writer, const struct self *self)
{
    static const char *const names[SELF_PROCESS_MAX] = {
        [SELF_PROCESS_COLLECTOR] = "collector",
        [SELF_PROCESS_LOADER] = "loader",
    };
    if (!self->usage[SELF_PROCESS_COLLECTOR].resident_bytes)
        return;
    FAMILY(writer, COUNTER, "redstart_process_cpu_seconds", "seconds", "CPU time that redstart's processes took.");
    for (unsigned i = 0; i < SELF_PROCESS_MAX; i++)
        if (self->usage[i].resident_bytes) {
            prometheus_label(writer, "process", str_from(names[i]));
            prometheus_value(writer, self->usage[i].cpu_ns, NS_PER_SEC);
        }
    prometheus_family_end(writer);
    FAMILY(writer, GAUGE, "redstart_process_resident_memory_bytes", "bytes", "Memory that redstart's processes hold.");
    for (unsigned i = 0; i < SELF_PROCESS_MAX; i++)
        if (self->usage[i].resident_bytes)
            add_value1(writer, "process", names[i], self->usage[i].resident_bytes);
    prometheus_family_end(writer);
}

void prometheus_format_self(struct prometheus_writer *writer, const struct exposition *exposition)
{
    const struct self *self = exposition->self;
    add_build(writer);
    add_kernel(writer, self);
    add_unparsed(writer, self);
    add_spans(writer, self);
    add_series(writer, exposition->red);
    add_exports(writer, self);
    add_export_state(writer, self->exports);
    add_observed(writer, self);
    add_rings(writer, self);
    add_usage(writer, self);
}
