// Series to OTLP; see otlp_metrics.h. Rules: OTLP 1.11 metrics.proto, semantic conventions v1.44 (HTTP metrics).
#include "collector/export/otlp_metrics.h"

#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb-c.h"

typedef Opentelemetry__Proto__Metrics__V1__HistogramDataPoint otlp_point;
typedef Opentelemetry__Proto__Metrics__V1__Histogram otlp_histogram;
typedef Opentelemetry__Proto__Metrics__V1__Metric otlp_metric;
typedef Opentelemetry__Proto__Metrics__V1__ScopeMetrics otlp_scope_metrics;
typedef Opentelemetry__Proto__Metrics__V1__ResourceMetrics otlp_resource_metrics;
typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest otlp_metrics_request;

#define CUMULATIVE            OPENTELEMETRY__PROTO__METRICS__V1__AGGREGATION_TEMPORALITY__AGGREGATION_TEMPORALITY_CUMULATIVE
#define SUM_PRESENT           OPENTELEMETRY__PROTO__METRICS__V1__HISTOGRAM_DATA_POINT__SUM_PRESENCE_SUM
#define DATA_HISTOGRAM        OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_HISTOGRAM
#define SERIES_ATTRIBUTES_MAX 8
#define FIELD_OVERHEAD        6 // a tag and a length in front of an embedded message

// A built point, waiting for its place in a metric's list.
struct built {
    struct built *next;
    otlp_point message;
};

// One instrument of one service.
struct instrument {
    const struct red_instrument_info *info; // its name is NULL where a kind has no such instrument
    struct built *first, **end;
    size_t count;
    double limits[HISTOGRAM_BUCKETS_MAX - 1];
};

// The part of a service that goes into this request.
struct group {
    struct group *next;
    otlp_resource *resource;
    size_t points;
    struct instrument instrument[SPAN_KIND_MAX][RED_INSTRUMENT_MAX];
};

struct metrics_builder {
    struct arena *arena;
    uint64_t now_unix_ns;
    struct group *first, **end;
    size_t groups, points, packed; // packed: bytes so far, at most
};

static struct otlp_attributes series_attributes(struct arena *arena, const struct red_series *series)
{
    struct otlp_attributes attributes;
    otlp_attributes_init(&attributes, arena, SERIES_ATTRIBUTES_MAX);
    if (series->overflow) {
        otlp_attributes_bool(&attributes, "otel.metric.overflow", true);
        return attributes;
    }
    otlp_attributes_text(&attributes, "http.request.method", str_from(http_method_name(series->method)));
    if (series->status)
        otlp_attributes_int(&attributes, "http.response.status_code", series->status);
    otlp_attributes_text(&attributes, "http.route", str_from(series->route));
    otlp_attributes_text(&attributes, "url.scheme", str_from(series->scheme));
    if (series->kind == SPAN_KIND_CLIENT)
        otlp_attributes_text(&attributes, "server.address", str_from(series->server_address));
    if (series->server_port)
        otlp_attributes_int(&attributes, "server.port", series->server_port);
    otlp_attributes_text(&attributes, "network.protocol.version", str_from(series->version));
    otlp_attributes_text(&attributes, "error.type", str_from(series->error_type));
    return attributes;
}

// Counts are read in place: the request is packed before anything else is recorded.
static struct built *point_build(struct metrics_builder *builder, struct instrument *instrument,
                                 const struct red_series *series, const struct histogram *histogram,
                                 const struct otlp_attributes *attributes)
{
    const struct histogram_bounds *bounds = instrument->info->bounds;
    struct built *built = arena_take(builder->arena, sizeof(*built));
    if (!built)
        return NULL;
    otlp_point *point = &built->message;
    opentelemetry__proto__metrics__v1__histogram_data_point__init(point);
    point->attributes = attributes->list;
    point->n_attributes = attributes->n;
    point->start_time_unix_nano = series->start_unix_ns;
    // A wall clock that was set back must not end a point before it starts.
    point->time_unix_nano =
        builder->now_unix_ns > series->start_unix_ns ? builder->now_unix_ns : series->start_unix_ns + 1;
    point->count = histogram->count;
    point->sum_presence_case = SUM_PRESENT;
    point->sum = histogram_exported(bounds, histogram->sum);
    point->bucket_counts = (uint64_t *)histogram->bucket;
    point->n_bucket_counts = bounds->count + 1;
    point->explicit_bounds = instrument->limits;
    point->n_explicit_bounds = bounds->count;
    return built;
}

static void instrument_init(struct instrument *instrument, const struct red_instrument_info *info)
{
    instrument->info = info;
    instrument->end = &instrument->first;
    for (unsigned i = 0; info->name && i < info->bounds->count; i++)
        instrument->limits[i] = histogram_exported(info->bounds, info->bounds->value[i]);
}

// What a group costs beside its points, at most.
static size_t group_packed_size(const struct group *group)
{
    size_t size = protobuf_c_message_get_packed_size(&group->resource->base) +
                  protobuf_c_message_get_packed_size(&otlp_own_scope.base) + 2 * sizeof(OTLP_SCHEMA_URL) +
                  6 * FIELD_OVERHEAD;
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        for (unsigned i = 0; i < RED_INSTRUMENT_MAX; i++) {
            const struct red_instrument_info *info = group->instrument[kind][i].info;
            if (info->name)
                size += strlen(info->name) + strlen(info->unit) + strlen(info->description) + 8 * FIELD_OVERHEAD;
        }
    return size;
}

// What the arrays and envelopes at the end will need, generously, with so many more points and groups.
static bool finish_fits(const struct metrics_builder *builder, size_t points, size_t groups)
{
    size_t per_metric = sizeof(otlp_metric) + sizeof(otlp_histogram) + 64;
    size_t per_group = sizeof(otlp_resource_metrics) + sizeof(otlp_scope_metrics) + 256 +
                       SPAN_KIND_MAX * RED_INSTRUMENT_MAX * per_metric;
    size_t need = (builder->points + points) * sizeof(void *) + (builder->groups + groups) * per_group + 256;
    return need <= builder->arena->size - builder->arena->used;
}

// NULL when the arena is full. A group that stays without points is not sent.
static struct group *group_add(struct metrics_builder *builder, const struct otlp_origin *origin,
                               const struct service *service)
{
    size_t used = builder->arena->used;
    struct group *group = arena_take(builder->arena, sizeof(*group));
    if (group)
        group->resource = otlp_resource_build(builder->arena, origin, service);
    if (!group || !group->resource || !finish_fits(builder, 0, 1)) {
        builder->arena->used = used;
        return NULL;
    }
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        for (unsigned i = 0; i < RED_INSTRUMENT_MAX; i++)
            instrument_init(&group->instrument[kind][i], &red_instruments[kind][i]);
    *builder->end = group;
    builder->end = &group->next;
    builder->groups++;
    builder->packed += group_packed_size(group);
    return group;
}

// Adds a series' points, or nothing: false when the request is full.
static bool series_add(struct metrics_builder *builder, struct group *group, const struct red_series *series)
{
    size_t used = builder->arena->used, packed = 0, count = 0;
    struct built *built[RED_INSTRUMENT_MAX] = {NULL};
    struct otlp_attributes attributes = series_attributes(builder->arena, series);
    bool fits = !attributes.failed;

    for (unsigned i = 0; fits && i < RED_INSTRUMENT_MAX; i++) {
        struct instrument *instrument = &group->instrument[series->kind][i];
        if (!instrument->info->name || !series->histogram[i].count)
            continue;
        built[i] = point_build(builder, instrument, series, &series->histogram[i], &attributes);
        fits = built[i];
        packed += fits ? protobuf_c_message_get_packed_size(&built[i]->message.base) + FIELD_OVERHEAD : 0;
        count++;
    }
    if (!fits || builder->packed + packed > OTLP_REQUEST_MAX || !finish_fits(builder, count, 0)) {
        builder->arena->used = used;
        return false;
    }
    for (unsigned i = 0; i < RED_INSTRUMENT_MAX; i++) {
        struct instrument *instrument = &group->instrument[series->kind][i];
        if (!built[i])
            continue;
        *instrument->end = built[i];
        instrument->end = &built[i]->next;
        instrument->count++;
    }
    group->points += count;
    builder->points += count;
    builder->packed += packed;
    return true;
}

// Adds a service's series from the cursor on; false when the request is full (the cursor stands at what is next).
static bool service_add(struct metrics_builder *builder, const struct otlp_metrics_source *source,
                        const struct service *service, struct otlp_metrics_cursor *cursor)
{
    struct group *group = NULL;
    unsigned position = 0;
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++) {
        for (const struct red_series *series = red_first(source->red, kind); series; series = series->next) {
            if (series->service != service || position++ < cursor->series)
                continue;
            if (!group)
                group = group_add(builder, source->origin, service);
            bool added = group && series_add(builder, group, series);
            if (!added && builder->points)
                return false;
            cursor->series++; // also past one that fits no request at all
        }
    }
    return true;
}

// Turns the lists into the arrays that protobuf-c wants; finish_fits has seen to the room.
static otlp_resource_metrics *group_finish(struct arena *arena, const struct group *group)
{
    otlp_resource_metrics *resource_metrics = arena_take(arena, sizeof(*resource_metrics));
    otlp_scope_metrics *scope_metrics = arena_take(arena, sizeof(*scope_metrics));
    opentelemetry__proto__metrics__v1__resource_metrics__init(resource_metrics);
    opentelemetry__proto__metrics__v1__scope_metrics__init(scope_metrics);
    resource_metrics->resource = group->resource;
    resource_metrics->schema_url = scope_metrics->schema_url = OTLP_SCHEMA_URL;
    resource_metrics->n_scope_metrics = 1;
    resource_metrics->scope_metrics = arena_take(arena, sizeof(scope_metrics));
    resource_metrics->scope_metrics[0] = scope_metrics;
    scope_metrics->scope = &otlp_own_scope;
    scope_metrics->metrics = arena_take(arena, SPAN_KIND_MAX * RED_INSTRUMENT_MAX * sizeof(otlp_metric *));
    for (unsigned i = 0; i < SPAN_KIND_MAX * RED_INSTRUMENT_MAX; i++) {
        const struct instrument *instrument = &group->instrument[i / RED_INSTRUMENT_MAX][i % RED_INSTRUMENT_MAX];
        if (!instrument->count)
            continue;
        otlp_metric *metric = arena_take(arena, sizeof(*metric));
        otlp_histogram *histogram = arena_take(arena, sizeof(*histogram));
        opentelemetry__proto__metrics__v1__metric__init(metric);
        opentelemetry__proto__metrics__v1__histogram__init(histogram);
        metric->name = (char *)instrument->info->name;
        metric->unit = (char *)instrument->info->unit;
        metric->description = (char *)instrument->info->description;
        metric->data_case = DATA_HISTOGRAM;
        metric->histogram = histogram;
        histogram->aggregation_temporality = CUMULATIVE;
        histogram->data_points = arena_take(arena, instrument->count * sizeof(otlp_point *));
        for (struct built *built = instrument->first; built; built = built->next)
            histogram->data_points[histogram->n_data_points++] = &built->message;
        scope_metrics->metrics[scope_metrics->n_metrics++] = metric;
    }
    return resource_metrics;
}

static int builder_pack(struct metrics_builder *builder, struct buffer *body)
{
    otlp_metrics_request *request = arena_take(builder->arena, sizeof(*request));
    opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__init(request);
    request->resource_metrics = arena_take(builder->arena, builder->groups * sizeof(otlp_resource_metrics *));
    for (struct group *group = builder->first; group; group = group->next)
        if (group->points)
            request->resource_metrics[request->n_resource_metrics++] = group_finish(builder->arena, group);
    return otlp_pack(&request->base, body);
}

unsigned otlp_metrics_pack(const struct otlp_metrics_source *source, struct otlp_metrics_cursor *cursor,
                           uint64_t now_unix_ns, struct arena *arena, struct buffer *body)
{
    struct metrics_builder builder = {.arena = arena, .now_unix_ns = now_unix_ns};
    const struct service *service;

    builder.end = &builder.first;
    arena_reset(arena);
    buffer_reset(body);
    while ((service = process_table_service(source->processes, cursor->service))) {
        if (!service_add(&builder, source, service, cursor))
            break;
        *cursor = (struct otlp_metrics_cursor){.service = cursor->service + 1};
    }
    return builder.points && builder_pack(&builder, body) == 0 ? (unsigned)builder.points : 0;
}
