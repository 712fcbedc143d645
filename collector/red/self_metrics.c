// redstart's own metrics; see self_metrics.h. The tables (common/abi/counters.h, red/self.h) name every cause, so each
// exists from the start, at 0.
#include "collector/red/self_metrics.h"

#include "collector/core/clock.h"

struct walk {
    const struct self_visitor *visitor;
    void *context;
    const struct self_metric *metric; // NULL: none is open
    bool begun;                       // it has a value
};

static void metric_end(struct walk *walk)
{
    if (walk->begun)
        walk->visitor->end(walk->context);
    walk->begun = false;
    walk->metric = NULL;
}

static void metric_open(struct walk *walk, const struct self_metric *metric)
{
    metric_end(walk);
    walk->metric = metric;
}

// The values that follow are of this metric: type, name, unit, Prometheus' name and unit, scale, help.
#define METRIC(walk, ...)                                                                                              \
    do {                                                                                                               \
        static const struct self_metric metric = {__VA_ARGS__};                                                        \
        metric_open(walk, &metric);                                                                                    \
    } while (0)
#define LABELS(...)                                                                                                    \
    (const struct self_label[]){__VA_ARGS__},                                                                          \
        sizeof((const struct self_label[]){__VA_ARGS__}) / sizeof(struct self_label)

static void value_add(struct walk *walk, uint64_t value, const struct self_label *labels, unsigned n)
{
    if (!walk->begun)
        walk->visitor->begin(walk->context, walk->metric);
    walk->begun = true;
    walk->visitor->value(walk->context, labels, n, value);
}

static void build_add(struct walk *walk)
{
    METRIC(walk, SELF_INFO, "redstart.build_info", "1", "redstart_build", NULL, 1,
           "Version and commit of this redstart.");
    value_add(walk, 1, LABELS({"version", REDSTART_VERSION}, {"commit", REDSTART_COMMIT}));
}

static void kernel_add(struct walk *walk, const struct self *self)
{
    METRIC(walk, SELF_COUNTER, "redstart.records", "{record}", "redstart_records", NULL, 1,
           "Records that the kernel side produced.");
#define X(id, kind) value_add(walk, self->kernel[COUNTER_##id], LABELS({"kind", kind}));
    COUNTERS_RECORDS(X)
#undef X
    METRIC(walk, SELF_COUNTER, "redstart.records.lost", "{record}", "redstart_records_lost", NULL, 1,
           "Records that the kernel side could not hand over.");
#define X(id, cause) value_add(walk, self->kernel[COUNTER_##id], LABELS({"cause", cause}));
    COUNTERS_LOST(X)
    COUNTERS_SKIPPED(X)
#undef X
}

static void unparsed_add(struct walk *walk, const struct self *self)
{
    METRIC(walk, SELF_COUNTER, "redstart.unparsed", "{message}", "redstart_unparsed", NULL, 1,
           "What was seen but not turned into a span.");
#define X(id, protocol, cause)                                                                                         \
    value_add(walk, self->kernel[COUNTER_##id], LABELS({"protocol", protocol}, {"cause", cause}));
    COUNTERS_UNREADABLE(X)
#undef X
#define X(id, protocol, cause)                                                                                         \
    value_add(walk, self->unparsed[SELF_UNPARSED_##id], LABELS({"protocol", protocol}, {"cause", cause}));
    SELF_UNPARSED(X)
#undef X
}

static const char *const signal_names[SELF_SIGNAL_MAX] = {
    [SELF_SIGNAL_METRICS] = "metrics",
    [SELF_SIGNAL_TRACES] = "traces",
};

static void spans_add(struct walk *walk, const struct self *self, const struct red *red)
{
    static const char *const kinds[SPAN_KIND_MAX] = {[SPAN_KIND_SERVER] = "server", [SPAN_KIND_CLIENT] = "client"};
    METRIC(walk, SELF_COUNTER, "redstart.spans", "{span}", "redstart_spans", NULL, 1, "Spans that were built.");
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        value_add(walk, self->spans[kind], LABELS({"outcome", "built"}, {"kind", kinds[kind]}));
    METRIC(walk, SELF_COUNTER, "redstart.spans.dropped", "{span}", "redstart_spans_dropped", NULL, 1,
           "Spans that were built but not shown everywhere.");
#define X(id, cause) value_add(walk, self->spans_dropped[SELF_SPANS_DROPPED_##id], LABELS({"cause", cause}));
    SELF_SPANS_DROPPED(X)
#undef X
    METRIC(walk, SELF_COUNTER, "redstart.requests.ignored", "{request}", "redstart_requests_ignored", NULL, 1,
           "Requests left out as the configuration says.");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        value_add(walk, self->ignored[i], LABELS({"signal", signal_names[i]}));
    METRIC(walk, SELF_COUNTER, "redstart.muted", "{request}", "redstart_muted", NULL, 1,
           "Requests that were not shown because their service sends that signal itself.");
    for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++)
        value_add(walk, self->muted[signal], LABELS({"signal", signal_names[signal]}));
    METRIC(walk, SELF_COUNTER, "redstart.series.dropped", "{request}", "redstart_series_dropped", NULL, 1,
           "Requests that were counted in an overflow series.");
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++) {
        const struct red_instrument_info *info = red_instrument_named(red_names(red), kind, RED_DURATION);
        value_add(walk, red_overflowed(red, kind),
                  LABELS({"metric", walk->visitor->dots ? info->name : info->prometheus_name}));
    }
}

static const char *const failure_names[SELF_FAILURE_MAX] = {
    [SELF_FAILURE_REJECTED] = "rejected",
    [SELF_FAILURE_GAVE_UP] = "gave_up",
    [SELF_FAILURE_QUEUE_FULL] = "queue_full",
};

// One value for each destination and signal that is in use.
static void each_export(struct walk *walk, const struct self *self, uint64_t (*value)(const struct self_export *export))
{
    for (unsigned i = 0; i < SELF_DESTINATIONS_MAX; i++)
        for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++) {
            const struct self_export *export = &self->exports[i][signal];
            if (export->destination)
                value_add(walk, value(export),
                          LABELS({"destination", export->destination}, {"signal", signal_names[signal]}));
        }
}

static void each_failure(struct walk *walk, const struct self *self)
{
    for (unsigned i = 0; i < SELF_DESTINATIONS_MAX; i++)
        for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++) {
            const struct self_export *export = &self->exports[i][signal];
            for (unsigned cause = 0; export->destination && cause < SELF_FAILURE_MAX; cause++)
                value_add(walk, export->failed[cause],
                          LABELS({"destination", export->destination}, {"signal", signal_names[signal]},
                                 {"cause", failure_names[cause]}));
        }
}

static uint64_t export_sent(const struct self_export *export)
{
    return export->sent;
}

static uint64_t export_retries(const struct self_export *export)
{
    return export->retries;
}

static uint64_t export_queued(const struct self_export *export)
{
    return export->queued;
}

static uint64_t export_queued_bytes(const struct self_export *export)
{
    return export->queued_bytes;
}

static uint64_t export_capacity_bytes(const struct self_export *export)
{
    return export->capacity_bytes;
}

static uint64_t export_last_success(const struct self_export *export)
{
    return export->last_success_unix_ns;
}

static void exports_add(struct walk *walk, const struct self *self)
{
    METRIC(walk, SELF_COUNTER, "redstart.export.sent", "{item}", "redstart_export_sent", NULL, 1,
           "Points or spans that a destination took.");
    each_export(walk, self, export_sent);
    METRIC(walk, SELF_COUNTER, "redstart.export.failed", "{item}", "redstart_export_failed", NULL, 1,
           "Points or spans that a destination did not get.");
    each_failure(walk, self);
    METRIC(walk, SELF_COUNTER, "redstart.export.retries", "{attempt}", "redstart_export_retries", NULL, 1,
           "Attempts that were repeated.");
    each_export(walk, self, export_retries);
    METRIC(walk, SELF_GAUGE, "redstart.export.queue.length", "{item}", "redstart_export_queue_length", NULL, 1,
           "Points or requests' spans that wait for a destination.");
    each_export(walk, self, export_queued);
    METRIC(walk, SELF_GAUGE, "redstart.export.queue", "By", "redstart_export_queue_bytes", "bytes", 1,
           "Encoded bytes that wait for a destination.");
    each_export(walk, self, export_queued_bytes);
    METRIC(walk, SELF_GAUGE, "redstart.export.queue.capacity", "By", "redstart_export_queue_capacity_bytes", "bytes", 1,
           "Encoded bytes that may wait for a destination.");
    each_export(walk, self, export_capacity_bytes);
    METRIC(walk, SELF_GAUGE, "redstart.export.last_success.timestamp", "s",
           "redstart_export_last_success_timestamp_seconds", "seconds", NS_PER_SEC,
           "When a destination last took something; 0 before it did.");
    each_export(walk, self, export_last_success);
}

static void observed_add(struct walk *walk, const struct self *self)
{
    METRIC(walk, SELF_GAUGE, "redstart.observed_processes", "{process}", "redstart_observed_processes", NULL, 1,
           "Processes under observation.");
    value_add(walk, self->observed_processes, NULL, 0);
    METRIC(walk, SELF_GAUGE, "redstart.self_instrumented_services", "{service}", "redstart_self_instrumented_services",
           NULL, 1, "Service instances seen to send telemetry of their own.");
    value_add(walk, self->self_instrumented_services, NULL, 0);
    METRIC(walk, SELF_GAUGE, "redstart.connections", "{connection}", "redstart_connections", NULL, 1,
           "Observed connections that are open.");
    value_add(walk, self->connections, NULL, 0);
}

// How near to losing records we were. Nothing before the loader gave us its rings.
static void rings_add(struct walk *walk, const struct self *self)
{
    if (!self->ring_bytes)
        return;
    METRIC(walk, SELF_GAUGE, "redstart.ring.size", "By", "redstart_ring_size_bytes", "bytes", 1,
           "What a ring from the kernel and the reserve hold before records are lost.");
    value_add(walk, self->ring_bytes, NULL, 0);
    METRIC(walk, SELF_GAUGE, "redstart.ring.high_water", "By", "redstart_ring_high_water_bytes", "bytes", 1,
           "The most that was found waiting in a ring and the reserve.");
    value_add(walk, self->ring_high_water_bytes, NULL, 0);
    METRIC(walk, SELF_GAUGE, "redstart.drain.delay", "s", "redstart_drain_delay_seconds", "seconds", NS_PER_SEC,
           "How long the last records had waited in a ring.");
    value_add(walk, self->drain_delay_ns, NULL, 0);
    METRIC(walk, SELF_GAUGE, "redstart.drain.delay.max", "s", "redstart_drain_delay_max_seconds", "seconds", NS_PER_SEC,
           "The longest that a record waited in a ring.");
    value_add(walk, self->drain_delay_max_ns, NULL, 0);
}

// What redstart itself takes. Nothing where it is not known: the loader's when there is none, ours in a replay.
static void usage_add(struct walk *walk, const struct self *self)
{
    static const char *const names[SELF_PROCESS_MAX] = {
        [SELF_PROCESS_COLLECTOR] = "collector",
        [SELF_PROCESS_LOADER] = "loader",
    };
    if (!self->usage[SELF_PROCESS_COLLECTOR].resident_bytes)
        return;
    METRIC(walk, SELF_COUNTER, "redstart.process.cpu", "s", "redstart_process_cpu_seconds", "seconds", NS_PER_SEC,
           "CPU time that redstart's processes took.");
    for (unsigned i = 0; i < SELF_PROCESS_MAX; i++)
        if (self->usage[i].resident_bytes)
            value_add(walk, self->usage[i].cpu_ns, LABELS({"process", names[i]}));
    METRIC(walk, SELF_GAUGE, "redstart.process.resident_memory", "By", "redstart_process_resident_memory_bytes",
           "bytes", 1, "Memory that redstart's processes hold.");
    for (unsigned i = 0; i < SELF_PROCESS_MAX; i++)
        if (self->usage[i].resident_bytes)
            value_add(walk, self->usage[i].resident_bytes, LABELS({"process", names[i]}));
}

void self_metrics_walk(const struct self *self, const struct red *red, const struct self_visitor *visitor,
                       void *context)
{
    struct walk walk = {.visitor = visitor, .context = context};
    build_add(&walk);
    kernel_add(&walk, self);
    unparsed_add(&walk, self);
    spans_add(&walk, self, red);
    exports_add(&walk, self);
    observed_add(&walk, self);
    rings_add(&walk, self);
    usage_add(&walk, self);
    metric_end(&walk);
}
