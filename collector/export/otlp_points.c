// Data points; see otlp_points.h. Rules: OTLP 1.11 metrics.proto, semantic conventions v1.44 (HTTP metrics).
#include "collector/export/otlp_points.h"

#include "collector/export/otlp_wire.h"
#include "collector/red/attribute.h"

// Field numbers. HistogramDataPoint and ExponentialHistogramDataPoint agree on 2 to 5 only.
enum { METRIC_HISTOGRAM = 9, METRIC_EXPONENTIAL_HISTOGRAM = 10 };
enum { DATA_POINTS = 1 };
enum { POINT_START = 2, POINT_TIME = 3, POINT_COUNT = 4, POINT_SUM = 5, POINT_FLAGS = 10 };
enum { EXPLICIT_COUNTS = 6, EXPLICIT_BOUNDS = 7, EXPLICIT_EXEMPLARS = 8, EXPLICIT_ATTRIBUTES = 9 };
enum { EXPLICIT_MIN = 11, EXPLICIT_MAX = 12 };
enum { EXPONENTIAL_ATTRIBUTES = 1, EXPONENTIAL_SCALE = 6, EXPONENTIAL_ZERO_COUNT = 7, EXPONENTIAL_POSITIVE = 8 };
enum { EXPONENTIAL_EXEMPLARS = 11, EXPONENTIAL_MIN = 12, EXPONENTIAL_MAX = 13 };
enum { BUCKETS_OFFSET = 1, BUCKETS_COUNTS = 2 };
enum { EXEMPLAR_TIME = 2, EXEMPLAR_DOUBLE = 3, EXEMPLAR_SPAN = 4, EXEMPLAR_TRACE = 5 };

#define TEMPORALITY_DELTA      1
#define TEMPORALITY_CUMULATIVE 2
#define NO_RECORDED_VALUE      1

unsigned otlp_points_data_field(const struct otlp_points *points)
{
    return points->exponential ? METRIC_EXPONENTIAL_HISTOGRAM : METRIC_HISTOGRAM;
}

unsigned otlp_points_temporality(const struct otlp_points *points)
{
    return points->delta ? TEMPORALITY_DELTA : TEMPORALITY_CUMULATIVE;
}

struct attribute_list {
    struct buffer *body;
    unsigned field;
};

static void attribute_write(void *context, const struct red_attribute_name *name, struct str text, int64_t number)
{
    const struct attribute_list *list = context;
    if (text.p)
        otlp_wire_attribute_text(list->body, list->field, str_from(name->name), text);
    else
        otlp_wire_attribute_int(list->body, list->field, str_from(name->name), number);
}

static void attributes_write(struct buffer *body, const struct otlp_points *points, const struct red_series *series)
{
    struct attribute_list list = {body, points->exponential ? EXPONENTIAL_ATTRIBUTES : EXPLICIT_ATTRIBUTES};
    if (series->overflow)
        otlp_wire_attribute_bool(body, list.field, STR("otel.metric.overflow"), true);
    else
        red_attributes_walk(series, points->names, attribute_write, &list);
}

// Opens a point with what all kinds have. A wall clock that was set back must not end it before it starts.
static size_t point_open(struct buffer *body, const struct otlp_points *points, const struct red_series *series,
                         uint64_t start_unix_ns)
{
    uint64_t now = points->now_unix_ns > start_unix_ns ? points->now_unix_ns : start_unix_ns + 1;
    size_t opened = otlp_wire_open(body, DATA_POINTS);
    attributes_write(body, points, series);
    otlp_wire_fixed64(body, POINT_START, start_unix_ns);
    otlp_wire_fixed64(body, POINT_TIME, now);
    return opened;
}

static void exemplars_write(struct buffer *body, const struct otlp_points *points, const struct red_exemplar *list,
                            const struct histogram_bounds *bounds)
{
    unsigned field = points->exponential ? EXPONENTIAL_EXEMPLARS : EXPLICIT_EXEMPLARS;
    for (unsigned i = 0; list && i <= bounds->count; i++) {
        if (list[i].unix_ns <= points->previous_unix_ns)
            continue;
        size_t opened = otlp_wire_open(body, field);
        otlp_wire_fixed64(body, EXEMPLAR_TIME, list[i].unix_ns);
        otlp_wire_double(body, EXEMPLAR_DOUBLE, histogram_exported(bounds, list[i].value));
        otlp_wire_bytes(body, EXEMPLAR_SPAN, list[i].span_id, sizeof(list[i].span_id));
        otlp_wire_bytes(body, EXEMPLAR_TRACE, list[i].trace_id, sizeof(list[i].trace_id));
        otlp_wire_close(body, opened);
    }
}

static void explicit_write(struct buffer *body, const struct histogram *histogram,
                           const struct histogram_bounds *bounds)
{
    double limits[HISTOGRAM_BUCKETS_MAX - 1];
    for (unsigned i = 0; i < bounds->count; i++)
        limits[i] = histogram_exported(bounds, bounds->value[i]);
    otlp_wire_fixed64_list(body, EXPLICIT_COUNTS, histogram->bucket, bounds->count + 1);
    otlp_wire_double_list(body, EXPLICIT_BOUNDS, limits, bounds->count);
    otlp_wire_double(body, EXPLICIT_MIN, histogram_exported(bounds, histogram->min));
    otlp_wire_double(body, EXPLICIT_MAX, histogram_exported(bounds, histogram->max));
}

static void exponential_write(struct buffer *body, const struct histogram *histogram, const struct packed *packed,
                              const struct histogram_bounds *bounds)
{
    struct exponential exponential;
    packed_load(packed, &exponential);
    otlp_wire_sint32(body, EXPONENTIAL_SCALE, exponential.scale);
    otlp_wire_fixed64(body, EXPONENTIAL_ZERO_COUNT, exponential.zero_count);
    if (exponential.used) {
        size_t opened = otlp_wire_open(body, EXPONENTIAL_POSITIVE);
        otlp_wire_sint32(body, BUCKETS_OFFSET, exponential.offset);
        otlp_wire_uint_list(body, BUCKETS_COUNTS, exponential.bucket, exponential.used);
        otlp_wire_close(body, opened);
    }
    otlp_wire_double(body, EXPONENTIAL_MIN, histogram_exported(bounds, histogram->min));
    otlp_wire_double(body, EXPONENTIAL_MAX, histogram_exported(bounds, histogram->max));
}

bool otlp_points_write(struct buffer *body, const struct otlp_points *points, const struct red_series *series,
                       enum red_instrument instrument)
{
    const struct histogram_bounds *bounds = red_instruments[series->kind][instrument].bounds;
    const struct red_window *window = points->delta ? series->window : NULL;
    const struct histogram *histogram = window ? &window->histogram[instrument] : &series->histogram[instrument];
    const struct packed *packed = window ? window->exponential[instrument] : series->exponential[instrument];
    bool absent = (points->delta && !window) || (points->exponential && !packed);
    if (absent || histogram->count == 0)
        return false;
    size_t opened = point_open(body, points, series, window ? window->start_unix_ns : series->start_unix_ns);
    otlp_wire_fixed64(body, POINT_COUNT, histogram->count);
    otlp_wire_double(body, POINT_SUM, histogram_exported(bounds, histogram->sum));
    if (points->exponential)
        exponential_write(body, histogram, packed, bounds);
    else
        explicit_write(body, histogram, bounds);
    if (points->exemplars)
        exemplars_write(body, points, series->exemplar[instrument], bounds);
    otlp_wire_close(body, opened);
    return true;
}

bool otlp_points_write_gone(struct buffer *body, const struct otlp_points *points, const struct red_series *series,
                            enum red_instrument instrument)
{
    if (series->histogram[instrument].count == 0)
        return false;
    size_t opened = point_open(body, points, series, series->start_unix_ns);
    otlp_wire_uint(body, POINT_FLAGS, NO_RECORDED_VALUE);
    otlp_wire_close(body, opened);
    return true;
}
