// Pushing: when a request is made, what of, and what is counted when it ends; see otlp.h. Owns the queue of spans, the
// arena and one channel for each signal. The owner of the stage, so the one that logs.
#include "collector/export/otlp.h"

#include <errno.h>
#include <stdio.h>
#include "collector/core/clock.h"
#include "collector/export/otlp_channel.h"
#include "collector/export/otlp_metrics.h"
#include "collector/export/otlp_partial.h"
#include "collector/export/otlp_self.h"
#include "collector/export/otlp_traces.h"
#include "common/lib/log.h"

// One signal: its channel and what the request under way holds.
struct stream {
    struct otlp *otlp;
    struct otlp_channel *channel; // NULL: the signal is off
    struct self_export *counters;
    char *destination;     // the URL without credentials, for counters and logs
    unsigned units, taken; // points or spans; of how many queued spans
    bool failing;          // said so in the log
    bool given_up;         // while flushing: send no more
};

struct otlp {
    struct loop *loop;
    struct otlp_settings settings;
    struct otlp_origin origin;
    struct self *self;
    struct otlp_http *http;
    struct arena arena;
    struct stream stream[SELF_SIGNAL_MAX];
    struct otlp_queue *queue;
    struct otlp_metrics_source source;
    struct otlp_self own;
    struct otlp_metrics_cursor cursor;
    uint64_t round_unix_ns; // when the last round began
    int batch_timer, metric_timer;
    bool draining; // the batch delay is over: send until the queue is empty
    bool round;    // a round of metrics is being sent
    bool flushing; // the end is near: an endpoint that fails is given up
};

static void spans_lost(struct otlp *otlp, enum self_spans_dropped cause, uint64_t spans)
{
    otlp->self->spans_dropped[cause] += spans;
}

static void traces_send(struct otlp *otlp)
{
    struct stream *stream = &otlp->stream[SELF_SIGNAL_TRACES];
    while (!otlp_channel_busy(stream->channel) && !stream->given_up && otlp_queue_count(otlp->queue)) {
        struct otlp_batch batch = otlp_traces_pack(otlp->queue, otlp->settings.batch_max, &otlp->origin, &otlp->arena,
                                                   otlp_channel_body(stream->channel));
        stream->units = batch.spans;
        stream->taken = batch.taken;
        stream->counters->queued = otlp_queue_count(otlp->queue);
        if (batch.spans) {
            otlp_channel_send(stream->channel);
            return;
        }
        stream->counters->failed[SELF_FAILURE_REJECTED] += batch.taken;
        spans_lost(otlp, SELF_SPANS_DROPPED_EXPORT_FAILED, batch.taken);
    }
}

// A request of points, if there are any; the round goes on when it is done.
static void points_send(struct otlp *otlp, unsigned points)
{
    struct stream *stream = &otlp->stream[SELF_SIGNAL_METRICS];
    stream->units = points;
    otlp->round = points != 0;
    if (otlp->round)
        otlp_channel_send(stream->channel);
}

static void metrics_send(struct otlp *otlp)
{
    struct buffer *body = otlp_channel_body(otlp->stream[SELF_SIGNAL_METRICS].channel);
    points_send(otlp, otlp_metrics_pack(&otlp->source, &otlp->cursor, clock_unix_ns(), &otlp->arena, body));
}

static void batch_due(void *context)
{
    struct otlp *otlp = context;
    otlp->draining = true;
    traces_send(otlp);
}

// A round: ourselves, then the services. Values are cumulative: one that would overtake one under way is left out, and
// nothing is lost.
static void metrics_due(void *context)
{
    struct otlp *otlp = context;
    if (otlp->round)
        return;
    struct buffer *body = otlp_channel_body(otlp->stream[SELF_SIGNAL_METRICS].channel);
    uint64_t now = clock_unix_ns();
    otlp->cursor = (struct otlp_metrics_cursor){.begun = false};
    otlp->source.previous_unix_ns = otlp->round_unix_ns;
    otlp->round_unix_ns = now;
    points_send(otlp, otlp_self_pack(&otlp->own, now, &otlp->arena, body));
}

void otlp_span(void *context, const struct span *span)
{
    struct otlp *otlp = context;
    struct stream *stream = &otlp->stream[SELF_SIGNAL_TRACES];
    if (!stream->channel)
        return;
    if (!otlp_queue_push(otlp->queue, span)) {
        stream->counters->failed[SELF_FAILURE_QUEUE_FULL] += otlp_traces_weight(span);
        spans_lost(otlp, SELF_SPANS_DROPPED_QUEUE_FULL, 1);
    } else if (otlp_queue_count(otlp->queue) >= otlp->settings.batch_max) {
        traces_send(otlp);
    }
    stream->counters->queued = otlp_queue_count(otlp->queue);
}

static void accepted(struct stream *stream, struct str body)
{
    struct otlp *otlp = stream->otlp;
    bool traces = stream == &otlp->stream[SELF_SIGNAL_TRACES];
    struct otlp_partial partial = traces ? otlp_partial_traces(body) : otlp_partial_metrics(body);
    uint64_t rejected = partial.rejected < stream->units ? partial.rejected : stream->units;
    stream->counters->sent += stream->units - rejected;
    stream->counters->last_success_unix_ns = clock_unix_ns();
    stream->counters->failed[SELF_FAILURE_REJECTED] += rejected;
    if (traces)
        spans_lost(otlp, SELF_SPANS_DROPPED_EXPORT_FAILED, rejected < stream->taken ? rejected : stream->taken);
    if (rejected || partial.message[0])
        log_limited(LOG_LEVEL_WARN,
                    "OTLP endpoint rejected part of a request destination=%s rejected=%llu message=\"%s\"",
                    stream->destination, (unsigned long long)rejected, partial.message);
    if (stream->failing)
        log_info("OTLP endpoint accepts again destination=%s", stream->destination);
    stream->failing = false;
}

// "503", "grpc 14", or 0 if none came.
static const char *status_text(const struct otlp_answer *answer, char scratch[16])
{
    if (answer->grpc)
        snprintf(scratch, 16, "grpc-%d", answer->grpc_status);
    else
        snprintf(scratch, 16, "%ld", answer->status);
    return scratch;
}

static void lost(struct stream *stream, enum self_export_failure cause, const struct otlp_answer *answer)
{
    char status[16];
    stream->counters->failed[cause] += stream->units;
    if (stream == &stream->otlp->stream[SELF_SIGNAL_TRACES])
        spans_lost(stream->otlp, SELF_SPANS_DROPPED_EXPORT_FAILED, stream->taken);
    log_limited(LOG_LEVEL_WARN, "OTLP request dropped destination=%s cause=%s items=%u status=%s error=\"%s\"",
                stream->destination, cause == SELF_FAILURE_REJECTED ? "rejected" : "gave_up", stream->units,
                status_text(answer, status), answer->text);
}

static void request_done(void *context, enum otlp_outcome outcome, const struct otlp_answer *answer, struct str body)
{
    struct stream *stream = context;
    struct otlp *otlp = stream->otlp;
    switch (outcome) {
    case OTLP_OUTCOME_ACCEPTED:
        accepted(stream, body);
        break;
    case OTLP_OUTCOME_REFUSED:
        lost(stream, SELF_FAILURE_REJECTED, answer);
        break;
    case OTLP_OUTCOME_GAVE_UP:
        lost(stream, SELF_FAILURE_GAVE_UP, answer);
        stream->given_up = otlp->flushing;
        break;
    }
    if (stream == &otlp->stream[SELF_SIGNAL_METRICS]) {
        otlp->round = outcome != OTLP_OUTCOME_GAVE_UP; // the rest of an old round is not worth five more minutes
        if (otlp->round)
            metrics_send(otlp);
        return;
    }
    otlp->draining = otlp->draining && otlp_queue_count(otlp->queue);
    if (otlp->draining || otlp_queue_count(otlp->queue) >= otlp->settings.batch_max)
        traces_send(otlp);
}

static void request_retry(void *context, const struct otlp_answer *answer, uint64_t delay_ns)
{
    struct stream *stream = context;
    char status[16];
    stream->counters->retries++;
    stream->failing = true;
    log_limited(LOG_LEVEL_WARN, "OTLP attempt failed, trying again destination=%s status=%s error=\"%s\" delay_ms=%llu",
                stream->destination, status_text(answer, status), answer->text,
                (unsigned long long)(delay_ns / NS_PER_MS));
}

// The endpoint as it may be shown: no userinfo, no query.
static char *destination_new(const struct otlp_endpoint *endpoint)
{
    const char *url = endpoint->url;
    char *destination;
    if (endpoint->unix_path)
        return asprintf(&destination, "unix://%s", endpoint->unix_path) < 0 ? NULL : destination;
    const char *authority = strstr(url, "://");
    authority = authority ? authority + 3 : url;
    const char *host = authority, *end = authority + strcspn(authority, "/?#");
    for (const char *p = authority; p < end; p++)
        if (*p == '@')
            host = p + 1;
    size_t scheme = (size_t)(authority - url), rest = strcspn(host, "?#");
    destination = malloc(scheme + rest + 1);
    if (!destination)
        return NULL;
    memcpy(destination, url, scheme);
    memcpy(destination + scheme, host, rest);
    destination[scheme + rest] = 0;
    return destination;
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

static int stream_open(struct otlp *otlp, enum self_signal signal)
{
    struct stream *stream = &otlp->stream[signal];
    const struct otlp_endpoint *endpoint = &otlp->settings.destination[0].endpoint[signal];
    const struct otlp_channel_settings settings = {endpoint, otlp->settings.give_up_ns};
    const struct otlp_channel_owner owner = {request_done, request_retry, stream};
    stream->otlp = otlp;
    stream->counters = &otlp->self->exports[0][signal];
    if (!endpoint->url)
        return 0;
    stream->destination = destination_new(endpoint);
    if (!stream->destination)
        return -ENOMEM;
    stream->counters->destination = stream->destination;
    return otlp_channel_new(&stream->channel, otlp->http, otlp->loop, &settings, &owner);
}

static int otlp_open(struct otlp *otlp)
{
    struct otlp_settings *settings = &otlp->settings;
    int error = arena_init(&otlp->arena, OTLP_ARENA_SIZE);
    if (!error)
        error = otlp_http_new(&otlp->http, otlp->loop);
    if (!error)
        error = stream_open(otlp, SELF_SIGNAL_METRICS);
    if (!error)
        error = stream_open(otlp, SELF_SIGNAL_TRACES);
    if (!error && settings->destination[0].endpoint[SELF_SIGNAL_TRACES].url) {
        error = otlp_queue_new(&otlp->queue, settings->queue_max);
        otlp->batch_timer = error ? -1 : loop_timer_add(otlp->loop, settings->batch_delay_ns, batch_due, otlp);
        error = !error && otlp->batch_timer < 0 ? otlp->batch_timer : error;
    }
    if (!error && settings->destination[0].endpoint[SELF_SIGNAL_METRICS].url) {
        otlp->metric_timer = loop_timer_add(otlp->loop, settings->metric_interval_ns, metrics_due, otlp);
        error = otlp->metric_timer < 0 ? otlp->metric_timer : 0;
    }
    return error;
}

int otlp_new(struct otlp **ret_otlp, struct loop *loop, const struct otlp_settings *settings, struct red *red,
             const struct process_table *processes, struct self *self)
{
    struct otlp *otlp = calloc(1, sizeof(*otlp));
    if (!otlp)
        return -ENOMEM;
    otlp->loop = loop;
    otlp->settings = *settings;
    otlp->self = self;
    otlp->source = (struct otlp_metrics_source){red, processes, &otlp->origin, 0};
    otlp_self_init(&otlp->own, self, red, &otlp->origin, clock_unix_ns());
    otlp->origin.settings = &otlp->settings;
    otlp->batch_timer = otlp->metric_timer = -1;
    if (gethostname(otlp->origin.host_name, sizeof(otlp->origin.host_name) - 1) != 0)
        otlp->origin.host_name[0] = 0;
    if (otlp->settings.queue_max == 0)
        otlp->settings.queue_max = 1;
    if (otlp->settings.batch_max == 0 || otlp->settings.batch_max > otlp->settings.queue_max)
        otlp->settings.batch_max = otlp->settings.queue_max;
    int error = otlp_open(otlp);
    if (error) {
        otlp_free(otlp);
        return error;
    }
    if (otlp->stream[SELF_SIGNAL_METRICS].channel)
        red_keep(red, otlp_metrics_extras(&otlp->settings));
    *ret_otlp = otlp;
    return 0;
}

void otlp_free(struct otlp *otlp)
{
    if (!otlp)
        return;
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++) {
        otlp_channel_free(otlp->stream[i].channel);
        free(otlp->stream[i].destination);
        otlp->self->exports[0][i].destination = NULL;
    }
    otlp_http_free(otlp->http);
    loop_timer_remove(otlp->loop, otlp->batch_timer);
    loop_timer_remove(otlp->loop, otlp->metric_timer);
    otlp_queue_free(otlp->queue);
    arena_release(&otlp->arena);
    free(otlp);
}

static bool flush_pending(const struct otlp *otlp)
{
    const struct stream *metrics = &otlp->stream[SELF_SIGNAL_METRICS], *traces = &otlp->stream[SELF_SIGNAL_TRACES];
    return (metrics->channel && otlp_channel_busy(metrics->channel)) ||
           (traces->channel &&
            (otlp_channel_busy(traces->channel) || (otlp_queue_count(otlp->queue) && !traces->given_up)));
}

// Time is up: what was not sent is counted.
static void flush_abandon(struct otlp *otlp)
{
    struct stream *traces = &otlp->stream[SELF_SIGNAL_TRACES];
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++) {
        otlp->stream[i].given_up = true;
        if (otlp->stream[i].channel)
            otlp_channel_abort(otlp->stream[i].channel);
    }
    if (!traces->channel)
        return;
    const struct otlp_queued *queued = otlp_queue_first(otlp->queue);
    for (; queued; queued = queued->next)
        traces->counters->failed[SELF_FAILURE_GAVE_UP] += otlp_traces_weight(&queued->span);
    spans_lost(otlp, SELF_SPANS_DROPPED_EXPORT_FAILED, otlp_queue_count(otlp->queue));
    otlp_queue_drop(otlp->queue, otlp_queue_count(otlp->queue));
}

void otlp_flush(struct otlp *otlp, uint64_t timeout_ns)
{
    uint64_t deadline = clock_monotonic_ns() + timeout_ns, now;
    struct stream *metrics = &otlp->stream[SELF_SIGNAL_METRICS], *traces = &otlp->stream[SELF_SIGNAL_TRACES];
    bool final_round = metrics->channel;

    otlp->flushing = true;
    for (unsigned i = 0; i < SELF_SIGNAL_MAX; i++)
        if (otlp->stream[i].channel)
            otlp_channel_hurry(otlp->stream[i].channel);
    if (traces->channel)
        batch_due(otlp);
    while ((now = clock_monotonic_ns()) < deadline && (final_round || flush_pending(otlp))) {
        if (final_round && !otlp_channel_busy(metrics->channel)) {
            final_round = false;
            if (!metrics->given_up)
                metrics_due(otlp);
        } else if (loop_run_once(otlp->loop, deadline - now) != 0) {
            break;
        }
    }
    flush_abandon(otlp);
}
