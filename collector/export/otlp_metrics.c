// Series to OTLP; see otlp_metrics.h. A request holds a part of one or more services: all points of an instrument lie
// together, so the series that go in are chosen first, by their size so far, and fewer are tried when they do not fit.
#include "collector/export/otlp_metrics.h"

#include <limits.h>
#include "collector/export/otlp_points.h"
#include "collector/export/otlp_wire.h"

// Field numbers.
enum { REQUEST_RESOURCES = 1 };
enum { RESOURCE_RESOURCE = 1, RESOURCE_SCOPES = 2, RESOURCE_SCHEMA = 3 };
enum { SCOPE_SCOPE = 1, SCOPE_METRICS = 2, SCOPE_SCHEMA = 3 };
enum { METRIC_NAME = 1, METRIC_DESCRIPTION = 2, METRIC_UNIT = 3, DATA_TEMPORALITY = 2 };

#define SERIES_SIZE_GUESS 2048

// Series that could go into a request: of one service and phase.
struct choice {
    const struct red_series **list;
    unsigned n;
    bool gone;
};

unsigned otlp_metrics_extras(const struct otlp_settings *settings)
{
    return (settings->exemplars ? RED_EXTRA_EXEMPLARS : 0) | (settings->exponential ? RED_EXTRA_EXPONENTIAL : 0) |
           (settings->temporality == OTLP_TEMPORALITY_CUMULATIVE ? RED_EXTRA_GONE : RED_EXTRA_WINDOW);
}

static const struct red_series *list_head(const struct red *red, bool gone, unsigned turn)
{
    if (gone)
        return turn == 0 ? red_gone(red) : NULL;
    return turn < SPAN_KIND_MAX ? red_first(red, turn) : NULL;
}

// Counts the service's series from the cursor on, up to max; writes them down if there is a list.
static unsigned series_collect(const struct otlp_metrics_source *source, const struct otlp_metrics_cursor *cursor,
                               const struct service *service, const struct red_series **list, unsigned max)
{
    unsigned position = 0, n = 0;
    if (cursor->gone && !cursor->last_gone)
        return 0;
    for (unsigned turn = 0; turn < SPAN_KIND_MAX; turn++)
        for (const struct red_series *series = list_head(source->red, cursor->gone, turn); series;) {
            if (series->service == service && position++ >= cursor->series && n < max) {
                if (list)
                    list[n] = series;
                n++;
            }
            series = cursor->gone && series == cursor->last_gone ? NULL : series->next;
        }
    return n;
}

// One instrument's points of all chosen series. Returns their number; 0: nothing was written.
static unsigned metric_write(struct buffer *body, const struct otlp_points *points, const struct choice *choice,
                             enum span_kind kind, enum red_instrument instrument)
{
    const struct red_instrument_info *info = red_instrument_named(points->names, kind, instrument);
    size_t before = body->n;
    unsigned count = 0;
    if (!info->name)
        return 0;
    size_t metric = otlp_wire_open(body, SCOPE_METRICS);
    otlp_wire_text(body, METRIC_NAME, str_from(info->name));
    otlp_wire_text(body, METRIC_DESCRIPTION, str_from(info->description));
    otlp_wire_text(body, METRIC_UNIT, str_from(info->unit));
    size_t data = otlp_wire_open(body, otlp_points_data_field(points));
    for (unsigned i = 0; i < choice->n; i++)
        if (choice->list[i]->kind == kind)
            count += choice->gone ? otlp_points_write_gone(body, points, choice->list[i], instrument)
                                  : otlp_points_write(body, points, choice->list[i], instrument);
    otlp_wire_uint(body, DATA_TEMPORALITY, otlp_points_temporality(points));
    otlp_wire_close(body, data);
    otlp_wire_close(body, metric);
    if (!count && !body->failed)
        otlp_wire_undo(body, before);
    return count;
}

// A ResourceMetrics of the chosen series. Returns its points; what does not fit, or has none, leaves the body as it was
// (ret_full says which).
static unsigned resource_write(struct buffer *body, const struct otlp_points *points, const otlp_resource *resource,
                               const struct choice *choice, bool *ret_full)
{
    size_t before = body->n;
    unsigned count = 0;
    size_t whole = otlp_wire_open(body, REQUEST_RESOURCES);
    otlp_wire_message(body, RESOURCE_RESOURCE, &resource->base);
    size_t scope = otlp_wire_open(body, RESOURCE_SCOPES);
    otlp_wire_message(body, SCOPE_SCOPE, &otlp_own_scope.base);
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        for (unsigned i = 0; i < RED_INSTRUMENT_MAX; i++)
            count += metric_write(body, points, choice, kind, i);
    otlp_wire_text(body, SCOPE_SCHEMA, STR(OTLP_SCHEMA_URL));
    otlp_wire_close(body, scope);
    otlp_wire_text(body, RESOURCE_SCHEMA, STR(OTLP_SCHEMA_URL));
    otlp_wire_close(body, whole);
    *ret_full = body->failed;
    if (body->failed || !count) {
        otlp_wire_undo(body, before);
        return 0;
    }
    return count;
}

static void windows_reset(const struct choice *choice, uint64_t now_unix_ns)
{
    for (unsigned i = 0; i < choice->n; i++)
        if (choice->list[i]->window)
            red_window_reset(choice->list[i]->window, now_unix_ns);
}

// How many series are worth a try, from what they took so far.
static unsigned choice_limit(const struct otlp_metrics_cursor *cursor, const struct buffer *body)
{
    size_t size = cursor->series_size ? cursor->series_size : SERIES_SIZE_GUESS;
    size_t limit = (body->max - body->n) / size;
    return limit ? (unsigned)limit : 1;
}

// Adds what fits of the service's series from the cursor on. True: all of them are in, the request may go on.
static bool service_write(const struct otlp_metrics_source *source, struct otlp_metrics_cursor *cursor,
                          const struct otlp_points *points, const struct service *service, struct arena *arena,
                          struct buffer *body, unsigned *count)
{
    unsigned left = series_collect(source, cursor, service, NULL, UINT_MAX), limit = choice_limit(cursor, body);
    if (!left)
        return true;
    struct choice choice = {.n = left < limit ? left : limit, .gone = cursor->gone};
    const otlp_resource *resource = otlp_resource_build(arena, source->origin, service);
    choice.list = arena_take(arena, choice.n * sizeof(*choice.list));
    if (!resource || !choice.list)
        return false;
    series_collect(source, cursor, service, choice.list, choice.n);
    size_t before = body->n;
    bool full = true;
    unsigned written = resource_write(body, points, resource, &choice, &full);
    while (full && choice.n > 1) {
        choice.n /= 2;
        written = resource_write(body, points, resource, &choice, &full);
    }
    if (full && *count)
        return false;           // at the start of the next request
    cursor->series += choice.n; // also past one that fits no request at all
    *count += written;
    if (written)
        cursor->series_size = (body->n - before) / choice.n + 1;
    if (points->delta && !full)
        windows_reset(&choice, points->now_unix_ns);
    return choice.n == left;
}

static void round_begin(const struct otlp_metrics_source *source, struct otlp_metrics_cursor *cursor)
{
    const struct red_series *series = red_gone(source->red);
    while (series && series->next)
        series = series->next;
    cursor->last_gone = series;
    cursor->begun = true;
}

static void round_end(const struct otlp_metrics_source *source, struct otlp_metrics_cursor *cursor)
{
    if (cursor->last_gone)
        red_gone_release(source->red, cursor->last_gone);
    cursor->last_gone = NULL;
}

unsigned otlp_metrics_pack(const struct otlp_metrics_source *source, struct otlp_metrics_cursor *cursor,
                           uint64_t now_unix_ns, struct arena *arena, struct buffer *body)
{
    const struct otlp_settings *settings = source->origin->settings;
    const struct otlp_points points = {
        .delta = settings->temporality != OTLP_TEMPORALITY_CUMULATIVE,
        .exponential = settings->exponential,
        .exemplars = settings->exemplars,
        .names = red_names(source->red),
        .now_unix_ns = now_unix_ns,
        .previous_unix_ns = source->previous_unix_ns,
    };
    const struct service *service;
    unsigned count = 0;
    arena_reset(arena);
    buffer_reset(body);
    if (!cursor->begun)
        round_begin(source, cursor);
    while ((service = process_table_service(source->processes, cursor->service))) {
        if (!service_write(source, cursor, &points, service, arena, body, &count))
            break;
        cursor->service += cursor->gone;
        cursor->gone = !cursor->gone;
        cursor->series = 0;
    }
    if (!service)
        round_end(source, cursor);
    return count;
}
