// Pushing: when a request is encoded, what of, and to whom it is offered; see otlp.h. Owns the spans of the next batch,
// the arena, the buffer that requests are packed in, and one stream for each destination and signal.
//
// Spans are encoded as they come and put together when a batch is full or its time is over; each destination's stream
// gets the same bytes. Of metrics a round (ourselves, then the services) is encoded request by request, as fast as the
// fastest destination takes them; the others have theirs wait. While no destination is free, no round begins: values
// are cumulative, or their window goes on, and nothing is lost.
#include "collector/export/otlp.h"

#include <errno.h>
#include "collector/core/clock.h"
#include "collector/export/otlp_metrics.h"
#include "collector/export/otlp_self.h"
#include "collector/export/otlp_streams.h"
#include "collector/export/otlp_traces.h"

#define BATCH_MAX 4096 // a full request holds no more spans

struct otlp {
    struct loop *loop;
    struct otlp_settings settings;
    struct otlp_sources sources;
    struct otlp_origin origin;
    struct otlp_http *http;
    struct arena arena;
    struct buffer body;
    struct otlp_streams streams[SELF_SIGNAL_MAX];
    struct otlp_retired retired;
    struct otlp_queue *queue; // of the next batch; NULL: no traces
    struct otlp_metrics_source source;
    struct otlp_self own;
    struct otlp_metrics_cursor cursor;
    uint64_t round_unix_ns, round_ns; // when the last round began; the same, monotonic
    int batch_timer, metric_timer;
    bool round;     // a round of metrics is being sent
    bool own_sent;  // ourselves of it
    bool advancing; // a request of it is being made
};

// What was packed goes to all streams of the signal. What they cannot get for want of memory is counted as lost.
static void body_offer(struct otlp *otlp, enum self_signal signal, unsigned units, unsigned items)
{
    struct otlp_streams *streams = &otlp->streams[signal];
    struct otlp_payload *payload = NULL;
    int error = otlp_payload_new(&payload, &otlp->body, streams->forms, units, items);
    for (unsigned i = 0; i < streams->n; i++)
        if (error)
            otlp_stream_shed(streams->list[i], units);
        else
            otlp_stream_offer(streams->list[i], payload);
    if (error && signal == SELF_SIGNAL_TRACES)
        otlp->sources.self->spans_dropped[SELF_SPANS_DROPPED_QUEUE_FULL] += items;
    otlp_payload_drop(payload);
    if (otlp->body.room > OTLP_BODY_KEPT_MAX)
        buffer_release(&otlp->body);
}

// Spans that will be in no payload.
static void spans_shed(struct otlp *otlp, enum self_spans_dropped cause, unsigned units, unsigned items)
{
    const struct otlp_streams *streams = &otlp->streams[SELF_SIGNAL_TRACES];
    for (unsigned i = 0; i < streams->n; i++)
        otlp_stream_shed(streams->list[i], units);
    otlp->sources.self->spans_dropped[cause] += items;
}

static void coming_show(struct otlp *otlp)
{
    const struct otlp_streams *streams = &otlp->streams[SELF_SIGNAL_TRACES];
    for (unsigned i = 0; i < streams->n; i++)
        otlp_stream_coming(streams->list[i], otlp_queue_count(otlp->queue));
}

static void batch_cut(struct otlp *otlp)
{
    while (otlp_queue_count(otlp->queue)) {
        struct otlp_batch batch =
            otlp_traces_pack(otlp->queue, otlp->settings.batch_max, &otlp->origin, &otlp->arena, &otlp->body);
        if (batch.spans)
            body_offer(otlp, SELF_SIGNAL_TRACES, batch.spans, batch.taken);
        else
            spans_shed(otlp, SELF_SPANS_DROPPED_EXPORT_FAILED, batch.taken, batch.taken);
    }
    coming_show(otlp);
}

static void batch_due(void *context)
{
    batch_cut(context);
}

// Is there a destination that would take one more span, beside those that are not yet encoded?
static bool traces_wanted(const struct otlp *otlp)
{
    const struct otlp_streams *streams = &otlp->streams[SELF_SIGNAL_TRACES];
    for (unsigned i = 0; i < streams->n; i++)
        if (otlp_stream_has_room(streams->list[i]))
            return true;
    return false;
}

// What is no room for as bytes begins a batch of its own.
static bool span_queue(struct otlp *otlp, const struct span *span)
{
    if (otlp_queue_push(otlp->queue, span, &otlp->arena))
        return true;
    batch_cut(otlp);
    return otlp_queue_push(otlp->queue, span, &otlp->arena);
}

bool otlp_reads_spans(const struct otlp *otlp)
{
    return otlp->queue != NULL;
}

void otlp_span(void *context, const struct span *span)
{
    struct otlp *otlp = context;
    if (!otlp->streams[SELF_SIGNAL_TRACES].n)
        return;
    if (!traces_wanted(otlp) || !span_queue(otlp, span)) {
        spans_shed(otlp, SELF_SPANS_DROPPED_QUEUE_FULL, otlp_span_weight(span), 1);
        return;
    }
    if (otlp_queue_count(otlp->queue) >= otlp->settings.batch_max)
        batch_cut(otlp);
    else
        coming_show(otlp);
}

// Points of the round's next request, packed; 0: the round is done.
static unsigned round_pack(struct otlp *otlp)
{
    unsigned points = 0;
    if (!otlp->own_sent)
        points = otlp_self_pack(&otlp->own, otlp->round_unix_ns, &otlp->arena, &otlp->body);
    otlp->own_sent = true;
    return points ? points
                  : otlp_metrics_pack(&otlp->source, &otlp->cursor, clock_unix_ns(), &otlp->arena, &otlp->body);
}

static bool metrics_wanted(const struct otlp *otlp)
{
    const struct otlp_streams *streams = &otlp->streams[SELF_SIGNAL_METRICS];
    for (unsigned i = 0; i < streams->n; i++)
        if (otlp_stream_idle(streams->list[i]) && !otlp_stream_given_up(streams->list[i]))
            return true;
    return false;
}

// An old round is not worth going on with; what it had left to say is in the next one.
static bool round_stale(const struct otlp *otlp)
{
    return clock_monotonic_ns() - otlp->round_ns > otlp->settings.give_up_ns[SELF_SIGNAL_METRICS];
}

// The round goes on while a destination waits for it. An attempt that fails at once comes back here: once is enough.
static void round_advance(struct otlp *otlp)
{
    if (otlp->advancing)
        return;
    otlp->advancing = true;
    while (otlp->round && metrics_wanted(otlp)) {
        unsigned points = round_stale(otlp) ? 0 : round_pack(otlp);
        otlp->round = points != 0;
        if (points)
            body_offer(otlp, SELF_SIGNAL_METRICS, points, points);
    }
    otlp->advancing = false;
}

static void metrics_due(void *context)
{
    struct otlp *otlp = context;
    if (otlp->round || !metrics_wanted(otlp))
        return;
    if (otlp->sources.refresh)
        otlp->sources.refresh(otlp->sources.context);
    otlp->cursor = (struct otlp_metrics_cursor){.begun = false};
    otlp->source.previous_unix_ns = otlp->round_unix_ns;
    otlp->round_unix_ns = clock_unix_ns();
    otlp->round_ns = clock_monotonic_ns();
    otlp->own_sent = false;
    otlp->round = true;
    round_advance(otlp);
}

static void metrics_idle(void *context)
{
    round_advance(context);
}

void otlp_files(const struct otlp_settings *settings, const char *ret_files[OTLP_FILES_MAX + 1])
{
    unsigned n = 0;
    for (unsigned i = 0; i < settings->destinations; i++)
        for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++)
            for (unsigned file = 0; file < OTLP_TLS_FILE_MAX; file++)
                if (settings->destination[i].endpoint[signal].tls_file[file])
                    ret_files[n++] = settings->destination[i].endpoint[signal].tls_file[file];
    ret_files[n] = NULL;
}

static int streams_open(struct otlp *otlp, enum self_signal signal)
{
    const struct otlp_streams_place place = {
        .http = otlp->http,
        .loop = otlp->loop,
        .self = otlp->sources.self,
        .owner = {signal == SELF_SIGNAL_METRICS ? metrics_idle : NULL, otlp},
    };
    return otlp_streams_open(&otlp->streams[signal], &place, signal, &otlp->settings, &otlp->retired);
}

// Queue and timers for the streams that there are.
static int work_open(struct otlp *otlp)
{
    const struct otlp_settings *settings = &otlp->settings;
    int r = 0;
    if (otlp->streams[SELF_SIGNAL_TRACES].n && !otlp->queue) {
        r = otlp_queue_new(&otlp->queue, settings->batch_max, OTLP_REQUEST_MAX);
        if (r == 0)
            r = otlp->batch_timer = loop_timer_add(otlp->loop, settings->batch_delay_ns, batch_due, otlp);
    }
    if (r >= 0 && otlp->streams[SELF_SIGNAL_METRICS].n && otlp->metric_timer < 0) {
        red_keep(otlp->sources.red, otlp_metrics_extras(settings));
        r = otlp->metric_timer = loop_timer_add(otlp->loop, settings->metric_interval_ns, metrics_due, otlp);
    }
    return r < 0 ? r : 0;
}

static int otlp_open(struct otlp *otlp)
{
    int r = arena_init(&otlp->arena, OTLP_ARENA_SIZE);
    if (r == 0)
        r = otlp_http_new(&otlp->http, otlp->loop);
    if (r == 0)
        r = otlp_retired_init(&otlp->retired, otlp->loop);
    for (unsigned signal = 0; r == 0 && signal < SELF_SIGNAL_MAX; signal++)
        r = streams_open(otlp, signal);
    return r == 0 ? work_open(otlp) : r;
}

int otlp_reload(struct otlp *otlp, const struct otlp_settings *settings)
{
    struct otlp_settings *own = &otlp->settings;
    if (otlp->queue)
        batch_cut(otlp); // for those who were there
    memcpy(own->destination, settings->destination, sizeof own->destination);
    own->destinations = settings->destinations;
    memcpy(own->resource, settings->resource, sizeof own->resource);
    if (otlp->metric_timer >= 0 && own->metric_interval_ns != settings->metric_interval_ns)
        loop_timer_period(otlp->loop, otlp->metric_timer, settings->metric_interval_ns);
    if (otlp->batch_timer >= 0 && own->batch_delay_ns != settings->batch_delay_ns)
        loop_timer_period(otlp->loop, otlp->batch_timer, settings->batch_delay_ns);
    own->metric_interval_ns = settings->metric_interval_ns;
    own->batch_delay_ns = settings->batch_delay_ns;
    int r = 0;
    for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++) {
        int opened = streams_open(otlp, signal);
        r = r < 0 ? r : opened;
    }
    int opened = work_open(otlp);
    return r < 0 ? r : opened;
}

int otlp_new(struct otlp **ret_otlp, struct loop *loop, const struct otlp_settings *settings,
             const struct otlp_sources *sources)
{
    struct otlp *otlp = calloc(1, sizeof(*otlp));
    if (!otlp)
        return -ENOMEM;
    otlp->loop = loop;
    otlp->settings = *settings;
    otlp->sources = *sources;
    otlp->source = (struct otlp_metrics_source){sources->red, sources->processes, &otlp->origin, 0};
    otlp_self_init(&otlp->own, sources, &otlp->origin, clock_unix_ns());
    otlp->origin.settings = &otlp->settings;
    otlp->batch_timer = otlp->metric_timer = -1;
    buffer_init(&otlp->body, OTLP_REQUEST_MAX);
    if (gethostname(otlp->origin.host_name, sizeof(otlp->origin.host_name) - 1) != 0)
        otlp->origin.host_name[0] = 0;
    if (otlp->settings.queue_max == 0)
        otlp->settings.queue_max = 1;
    if (otlp->settings.batch_max == 0 || otlp->settings.batch_max > otlp->settings.queue_max)
        otlp->settings.batch_max = otlp->settings.queue_max;
    if (otlp->settings.batch_max > BATCH_MAX)
        otlp->settings.batch_max = BATCH_MAX;
    int error = otlp_open(otlp);
    if (error) {
        otlp_free(otlp);
        return error;
    }
    *ret_otlp = otlp;
    return 0;
}

// Does so to each destination's stream of each signal.
static void streams_each(struct otlp *otlp, void (*act)(struct otlp_stream *stream))
{
    for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++)
        for (unsigned i = 0; i < otlp->streams[signal].n; i++)
            act(otlp->streams[signal].list[i]);
}

void otlp_free(struct otlp *otlp)
{
    if (!otlp)
        return;
    streams_each(otlp, otlp_stream_free);
    otlp_retired_release(&otlp->retired);
    otlp_http_free(otlp->http);
    loop_timer_remove(otlp->loop, otlp->batch_timer);
    loop_timer_remove(otlp->loop, otlp->metric_timer);
    otlp_queue_free(otlp->queue);
    arena_release(&otlp->arena);
    buffer_release(&otlp->body);
    free(otlp);
}

// Is there anything that a destination may still take?
static bool flush_pending(const struct otlp *otlp)
{
    for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++)
        for (unsigned i = 0; i < otlp->streams[signal].n; i++) {
            const struct otlp_stream *stream = otlp->streams[signal].list[i];
            if (!otlp_stream_idle(stream) && !otlp_stream_given_up(stream))
                return true;
        }
    return false;
}

void otlp_flush(struct otlp *otlp, uint64_t timeout_ns)
{
    uint64_t deadline = clock_monotonic_ns() + timeout_ns, now;
    bool final_round = otlp->streams[SELF_SIGNAL_METRICS].n;

    streams_each(otlp, otlp_stream_hurry);
    if (otlp->queue)
        batch_cut(otlp);
    while ((now = clock_monotonic_ns()) < deadline && (final_round || flush_pending(otlp))) {
        if (final_round && !otlp->round && metrics_wanted(otlp)) {
            final_round = false;
            metrics_due(otlp);
            continue;
        }
        final_round &= flush_pending(otlp); // or nobody is left who could take it
        if (loop_run_once(otlp->loop, deadline - now) != 0)
            break;
    }
    if (otlp->queue)
        batch_cut(otlp); // of what came meanwhile
    streams_each(otlp, otlp_stream_abandon);
}
