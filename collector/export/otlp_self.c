// Our own counters to OTLP; see otlp_self.h. The same tables as on the Prometheus page (common/abi/counters.h,
// red/self.h) name every cause, so each exists from the start, at 0; the names are that page's, with dots.
#include "collector/export/otlp_self.h"

#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb-c.h"

typedef Opentelemetry__Proto__Metrics__V1__NumberDataPoint otlp_number;
typedef Opentelemetry__Proto__Metrics__V1__Sum otlp_sum;
typedef Opentelemetry__Proto__Metrics__V1__Gauge otlp_gauge;
typedef Opentelemetry__Proto__Metrics__V1__Metric otlp_metric;
typedef Opentelemetry__Proto__Metrics__V1__ScopeMetrics otlp_scope_metrics;
typedef Opentelemetry__Proto__Metrics__V1__ResourceMetrics otlp_resource_metrics;
typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest otlp_metrics_request;

#define CUMULATIVE     OPENTELEMETRY__PROTO__METRICS__V1__AGGREGATION_TEMPORALITY__AGGREGATION_TEMPORALITY_CUMULATIVE
#define METRICS_MAX    16
#define POINTS_MAX     32 // of one metric
#define ATTRIBUTES_MAX 3

struct pair {
    const char *key, *value;
};
#define PAIRS(...) ((const struct pair[ATTRIBUTES_MAX + 1]){__VA_ARGS__})

struct self_builder {
    const struct otlp_self_source *source;
    struct arena *arena;
    uint64_t now_unix_ns;
    otlp_metric *metrics[METRICS_MAX];
    size_t count;
    unsigned points;
    bool failed; // the arena is full
};

static void *take(struct self_builder *builder, size_t size)
{
    void *p = builder->failed ? NULL : arena_take(builder->arena, size);
    builder->failed |= !p;
    return p;
}

static otlp_metric *metric_add(struct self_builder *builder, const char *name, const char *unit)
{
    otlp_metric *metric = builder->count < METRICS_MAX ? take(builder, sizeof(*metric)) : NULL;
    builder->failed |= !metric;
    if (!metric)
        return NULL;
    opentelemetry__proto__metrics__v1__metric__init(metric);
    metric->name = (char *)name;
    metric->unit = (char *)unit;
    builder->metrics[builder->count++] = metric;
    return metric;
}

static void counter_add(struct self_builder *builder, const char *name, const char *unit)
{
    otlp_metric *metric = metric_add(builder, name, unit);
    otlp_sum *sum = take(builder, sizeof(*sum));
    if (!metric || !sum)
        return;
    opentelemetry__proto__metrics__v1__sum__init(sum);
    sum->aggregation_temporality = CUMULATIVE;
    sum->is_monotonic = true;
    sum->data_points = take(builder, POINTS_MAX * sizeof(otlp_number *));
    metric->data_case = OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_SUM;
    metric->sum = sum;
}

static otlp_number *number_new(struct self_builder *builder, uint64_t value, const struct pair *pairs)
{
    struct otlp_attributes attributes;
    otlp_number *number = take(builder, sizeof(*number));
    if (!number)
        return NULL;
    otlp_attributes_init(&attributes, builder->arena, ATTRIBUTES_MAX);
    for (; pairs->key; pairs++)
        otlp_attributes_text(&attributes, pairs->key, str_from(pairs->value));
    opentelemetry__proto__metrics__v1__number_data_point__init(number);
    number->attributes = attributes.list;
    number->n_attributes = attributes.n;
    number->start_time_unix_nano = builder->source->start_unix_ns;
    number->time_unix_nano = builder->now_unix_ns;
    number->value_case = OPENTELEMETRY__PROTO__METRICS__V1__NUMBER_DATA_POINT__VALUE_AS_INT;
    number->as_int = (int64_t)value;
    builder->failed |= attributes.failed;
    return number;
}

// To the counter that was added last.
static void value_add(struct self_builder *builder, uint64_t value, const struct pair *pairs)
{
    otlp_number *number = number_new(builder, value, pairs);
    otlp_sum *sum = builder->failed ? NULL : builder->metrics[builder->count - 1]->sum;
    if (!sum || sum->n_data_points == POINTS_MAX) {
        builder->failed = true;
        return;
    }
    sum->data_points[sum->n_data_points++] = number;
    builder->points++;
}

static void gauge_add(struct self_builder *builder, const char *name, const char *unit, uint64_t value)
{
    otlp_metric *metric = metric_add(builder, name, unit);
    otlp_gauge *gauge = take(builder, sizeof(*gauge));
    otlp_number **points = take(builder, sizeof(*points));
    otlp_number *number = number_new(builder, value, PAIRS({0}));
    if (builder->failed)
        return;
    opentelemetry__proto__metrics__v1__gauge__init(gauge);
    gauge->data_points = points;
    gauge->data_points[0] = number;
    gauge->n_data_points = 1;
    metric->data_case = OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_GAUGE;
    metric->gauge = gauge;
    builder->points++;
}

static void records_add(struct self_builder *builder)
{
    const struct self *self = builder->source->self;
    counter_add(builder, "redstart.records", "{record}");
#define X(id, kind) value_add(builder, self->kernel[COUNTER_##id], PAIRS({"kind", kind}));
    COUNTERS_RECORDS(X)
#undef X
    counter_add(builder, "redstart.records.lost", "{record}");
#define X(id, cause) value_add(builder, self->kernel[COUNTER_##id], PAIRS({"cause", cause}));
    COUNTERS_LOST(X)
#undef X
    counter_add(builder, "redstart.unparsed", "{message}");
#define X(id, protocol, cause)                                                                                         \
    value_add(builder, self->kernel[COUNTER_##id], PAIRS({"protocol", protocol}, {"cause", cause}));
    COUNTERS_UNREADABLE(X)
#undef X
#define X(id, protocol, cause)                                                                                         \
    value_add(builder, self->unparsed[SELF_UNPARSED_##id], PAIRS({"protocol", protocol}, {"cause", cause}));
    SELF_UNPARSED(X)
#undef X
}

static void spans_add(struct self_builder *builder)
{
    static const char *const kinds[SPAN_KIND_MAX] = {[SPAN_KIND_SERVER] = "server", [SPAN_KIND_CLIENT] = "client"};
    const struct self *self = builder->source->self;
    counter_add(builder, "redstart.spans", "{span}");
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        value_add(builder, self->spans[kind], PAIRS({"outcome", "built"}, {"kind", kinds[kind]}));
    counter_add(builder, "redstart.spans.dropped", "{span}");
#define X(id, cause) value_add(builder, self->spans_dropped[SELF_SPANS_DROPPED_##id], PAIRS({"cause", cause}));
    SELF_SPANS_DROPPED(X)
#undef X
    counter_add(builder, "redstart.series.dropped", "{request}");
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        value_add(builder, red_overflowed(builder->source->red, kind),
                  PAIRS({"metric", red_instruments[kind][RED_DURATION].name}));
}

static void exports_add(struct self_builder *builder)
{
    static const char *const signals[SELF_SIGNAL_MAX] = {
        [SELF_SIGNAL_METRICS] = "metrics", [SELF_SIGNAL_TRACES] = "traces"};
    static const char *const causes[SELF_FAILURE_MAX] = {[SELF_FAILURE_REJECTED] = "rejected",
                                                         [SELF_FAILURE_GAVE_UP] = "gave_up",
                                                         [SELF_FAILURE_QUEUE_FULL] = "queue_full"};
    const struct self_export *exports = builder->source->self->exports;
    counter_add(builder, "redstart.export.sent", "{item}");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        if (exports[i].destination)
            value_add(builder, exports[i].sent, PAIRS({"destination", exports[i].destination}, {"signal", signals[i]}));
    counter_add(builder, "redstart.export.failed", "{item}");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        for (unsigned cause = 0; exports[i].destination && cause < SELF_FAILURE_MAX; cause++)
            value_add(builder, exports[i].failed[cause],
                      PAIRS({"destination", exports[i].destination}, {"signal", signals[i]}, {"cause", causes[cause]}));
    counter_add(builder, "redstart.export.retries", "{attempt}");
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        if (exports[i].destination)
            value_add(builder, exports[i].retries,
                      PAIRS({"destination", exports[i].destination}, {"signal", signals[i]}));
}

static unsigned builder_pack(struct self_builder *builder, struct buffer *body)
{
    static const struct service ourselves = {.name = "redstart", .exe_name = "redstart-collector"};
    otlp_metrics_request request;
    otlp_resource_metrics resource_metrics, *resource_list[1] = {&resource_metrics};
    otlp_scope_metrics scope_metrics, *scope_list[1] = {&scope_metrics};
    opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__init(&request);
    opentelemetry__proto__metrics__v1__resource_metrics__init(&resource_metrics);
    opentelemetry__proto__metrics__v1__scope_metrics__init(&scope_metrics);
    request.n_resource_metrics = 1;
    request.resource_metrics = resource_list;
    resource_metrics.resource = otlp_resource_build(builder->arena, builder->source->origin, &ourselves);
    resource_metrics.n_scope_metrics = 1;
    resource_metrics.scope_metrics = scope_list;
    scope_metrics.scope = &otlp_own_scope;
    scope_metrics.n_metrics = builder->count;
    scope_metrics.metrics = builder->metrics;
    if (!resource_metrics.resource || builder->failed || otlp_pack(&request.base, body) != 0)
        return 0;
    return builder->points;
}

unsigned otlp_self_pack(const struct otlp_self_source *source, uint64_t now_unix_ns, struct arena *arena,
                        struct buffer *body)
{
    struct self_builder builder = {
        .source = source,
        .arena = arena,
        .now_unix_ns = now_unix_ns > source->start_unix_ns ? now_unix_ns : source->start_unix_ns + 1,
    };
    arena_reset(arena);
    buffer_reset(body);
    records_add(&builder);
    spans_add(&builder);
    exports_add(&builder);
    gauge_add(&builder, "redstart.observed_processes", "{process}", source->self->observed_processes);
    gauge_add(&builder, "redstart.connections", "{connection}", source->self->connections);
    return builder_pack(&builder, body);
}
