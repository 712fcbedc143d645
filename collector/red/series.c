// One series' values; see series.h.
#include "collector/red/series.h"

#include <stdlib.h>
#include "collector/red/seed.h"

// before: the explicit histogram without this value.
static void exponential_keep(struct packed **packed, const struct histogram_bounds *bounds,
                             const struct histogram *before, uint64_t value)
{
    if (!*packed && before->count) {
        struct exponential seed;
        seed_exponential(before, bounds, &seed);
        if (!packed_store(packed, &seed))
            return; // the next value tries again, from what the explicit one has by then
    }
    (void)packed_add(packed, histogram_exported(bounds, value));
}

// The last one of each bucket.
static void exemplar_keep(struct red_exemplar **list, const struct histogram_bounds *bounds, const struct span *span,
                          uint64_t value)
{
    if (!*list)
        *list = calloc(bounds->count + 1, sizeof(**list));
    if (!*list)
        return;
    struct red_exemplar *exemplar = &(*list)[histogram_bucket(bounds, value)];
    exemplar->value = value;
    exemplar->unix_ns = span->start_unix_ns + span->duration_ns;
    memcpy(exemplar->trace_id, span->trace_id, sizeof(exemplar->trace_id));
    memcpy(exemplar->span_id, span->span_id, sizeof(exemplar->span_id));
}

static void window_keep(struct red_series *series, unsigned instrument, const struct histogram_bounds *bounds,
                        unsigned extras, uint64_t value)
{
    if (!series->window) {
        series->window = calloc(1, sizeof(*series->window));
        if (!series->window)
            return;
        series->window->start_unix_ns = series->start_unix_ns;
    }
    struct histogram *histogram = &series->window->histogram[instrument];
    if (extras & RED_EXTRA_EXPONENTIAL)
        exponential_keep(&series->window->exponential[instrument], bounds, histogram, value);
    histogram_add(histogram, bounds, value);
}

void red_window_reset(struct red_window *window, uint64_t now_unix_ns)
{
    memset(window->histogram, 0, sizeof(window->histogram));
    for (unsigned i = 0; i < RED_INSTRUMENT_MAX; i++)
        if (window->exponential[i])
            packed_reset(window->exponential[i]);
    window->start_unix_ns = now_unix_ns;
}

// What outputs asked for beside the explicit histogram, before this value is in that.
static void extras_keep(struct red_series *series, const struct span *span, unsigned extras,
                        enum red_instrument instrument, const struct histogram_bounds *bounds, uint64_t value)
{
    if (extras & RED_EXTRA_EXPONENTIAL)
        exponential_keep(&series->exponential[instrument], bounds, &series->histogram[instrument], value);
    if (extras & RED_EXTRA_WINDOW)
        window_keep(series, instrument, bounds, extras, value);
    // Of a size nobody asks which request it was, and slots take as much memory as the histograms.
    bool size = instrument == RED_REQUEST_SIZE || instrument == RED_RESPONSE_SIZE;
    if (extras & RED_EXTRA_EXEMPLARS && span->sampled && !size)
        exemplar_keep(&series->exemplar[instrument], bounds, span, value);
}

// Inlined for each instrument, which is a constant there, as its bounds are.
static inline void value_add(struct red_series *series, const struct span *span, unsigned extras,
                             enum red_instrument instrument, const struct histogram_bounds *bounds, uint64_t value)
{
    if (!(series->instruments >> instrument & 1))
        return;
    if (extras)
        extras_keep(series, span, extras, instrument, bounds, value);
    histogram_add(&series->histogram[instrument], bounds, value);
}

void red_series_add(struct red_series *series, const struct span *span, unsigned extras)
{
    const struct histogram_bounds *times = &histogram_bounds_duration, *sizes = &histogram_bounds_size;
    value_add(series, span, extras, RED_DURATION, times, span->duration_ns);
    if (span->request_body >= 0)
        value_add(series, span, extras, RED_REQUEST_SIZE, sizes, (uint64_t)span->request_body);
    if (span->response_body >= 0)
        value_add(series, span, extras, RED_RESPONSE_SIZE, sizes, (uint64_t)span->response_body);
    if (span->queue_ns != SPAN_TIME_UNKNOWN)
        value_add(series, span, extras, RED_QUEUE, times, span->queue_ns);
    uint64_t ended = span->start_monotonic_ns + span->duration_ns;
    if (ended > series->last_monotonic_ns)
        series->last_monotonic_ns = ended;
}

void red_series_free(struct red_series *series)
{
    for (unsigned i = 0; i < RED_INSTRUMENT_MAX; i++) {
        free(series->exponential[i]);
        free(series->exemplar[i]);
        if (series->window)
            free(series->window->exponential[i]);
    }
    free(series->window);
    free(series->path);
    free(series->client_address);
    free(series);
}
