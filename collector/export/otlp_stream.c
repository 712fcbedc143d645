// Sending, waiting, counting; see otlp_stream.h. Answers are the endpoint's: bounded by otlp_request.c, read by
// otlp_partial.c, shown in logs only.
#include "collector/export/otlp_stream.h"

#include <errno.h>
#include <stdio.h>
#include "collector/core/clock.h"
#include "collector/export/otlp_channel.h"
#include "collector/export/otlp_partial.h"
#include "common/lib/log.h"

#define BACKLOG_BYTES_MAX (2 << 20)

struct otlp_stream {
    struct self *self;
    struct self_export *counters;
    enum self_signal signal;
    bool gzip;
    struct otlp_endpoint *endpoint;
    struct otlp_channel *channel;
    struct otlp_backlog backlog;
    struct otlp_payload *sending; // NULL: none
    unsigned coming;
    struct otlp_stream_owner owner;
    char *shown;  // the URL without credentials
    bool failing; // said so in the log
    bool hurry, given_up;
};

// Counts what this destination did not get of a payload; a span that several miss is one that is not shown everywhere.
static void payload_lost(struct otlp_stream *stream, struct otlp_payload *payload, enum self_export_failure cause,
                         unsigned units, unsigned items)
{
    stream->counters->failed[cause] += units;
    unsigned new = otlp_payload_lose(payload, items);
    if (stream->signal == SELF_SIGNAL_TRACES)
        stream->self->spans_dropped[cause == SELF_FAILURE_QUEUE_FULL ? SELF_SPANS_DROPPED_QUEUE_FULL
                                                                     : SELF_SPANS_DROPPED_EXPORT_FAILED] += new;
}

static void payload_lost_whole(struct otlp_stream *stream, struct otlp_payload *payload, enum self_export_failure cause)
{
    payload_lost(stream, payload, cause, payload->units, payload->items);
}

void otlp_stream_shed(struct otlp_stream *stream, unsigned units)
{
    stream->counters->failed[SELF_FAILURE_QUEUE_FULL] += units;
}

static void queue_show(struct otlp_stream *stream)
{
    stream->counters->queued = stream->backlog.items + stream->coming;
    stream->counters->queued_bytes = stream->backlog.bytes;
}

static void stream_send(struct otlp_stream *stream, struct otlp_payload *payload)
{
    stream->sending = payload;
    otlp_channel_send(stream->channel, otlp_payload_bytes(payload, stream->gzip));
}

static void accepted(struct otlp_stream *stream, struct otlp_payload *payload, struct str body)
{
    struct otlp_partial partial =
        stream->signal == SELF_SIGNAL_TRACES ? otlp_partial_traces(body) : otlp_partial_metrics(body);
    unsigned rejected = partial.rejected < payload->units ? (unsigned)partial.rejected : payload->units;
    stream->counters->sent += payload->units - rejected;
    stream->counters->last_success_unix_ns = clock_unix_ns();
    payload_lost(stream, payload, SELF_FAILURE_REJECTED, rejected,
                 rejected < payload->items ? rejected : payload->items);
    if (rejected || partial.message[0])
        log_limited(LOG_LEVEL_WARN,
                    "OTLP endpoint rejected part of a request destination=%s rejected=%u message=\"%s\"", stream->shown,
                    rejected, partial.message);
    if (stream->failing)
        log_info("OTLP endpoint accepts again destination=%s", stream->shown);
    stream->failing = false;
}

// "503", "grpc-14", or 0 if none came.
static const char *status_text(const struct otlp_answer *answer, char scratch[16])
{
    if (answer->grpc)
        snprintf(scratch, 16, "grpc-%d", answer->grpc_status);
    else
        snprintf(scratch, 16, "%ld", answer->status);
    return scratch;
}

static void refused(struct otlp_stream *stream, struct otlp_payload *payload, enum self_export_failure cause,
                    const struct otlp_answer *answer)
{
    char status[16];
    payload_lost_whole(stream, payload, cause);
    log_limited(LOG_LEVEL_WARN, "OTLP request dropped destination=%s cause=%s items=%u status=%s error=\"%s\"",
                stream->shown, cause == SELF_FAILURE_REJECTED ? "rejected" : "gave_up", payload->units,
                status_text(answer, status), answer->text);
}

static void channel_done(void *context, enum otlp_outcome outcome, const struct otlp_answer *answer, struct str body)
{
    struct otlp_stream *stream = context;
    struct otlp_payload *payload = stream->sending;
    stream->sending = NULL;
    switch (outcome) {
    case OTLP_OUTCOME_ACCEPTED:
        accepted(stream, payload, body);
        break;
    case OTLP_OUTCOME_REFUSED:
        refused(stream, payload, SELF_FAILURE_REJECTED, answer);
        break;
    case OTLP_OUTCOME_GAVE_UP:
        refused(stream, payload, SELF_FAILURE_GAVE_UP, answer);
        stream->given_up |= stream->hurry;
        break;
    }
    otlp_payload_drop(payload);
    payload = stream->given_up ? NULL : otlp_backlog_pop(&stream->backlog);
    queue_show(stream);
    if (payload)
        stream_send(stream, payload);
    else if (stream->owner.idle)
        stream->owner.idle(stream->owner.context);
}

static void channel_retry(void *context, const struct otlp_answer *answer, uint64_t delay_ns)
{
    struct otlp_stream *stream = context;
    char status[16];
    stream->counters->retries++;
    stream->failing = true;
    log_limited(LOG_LEVEL_WARN, "OTLP attempt failed, trying again destination=%s status=%s error=\"%s\" delay_ms=%llu",
                stream->shown, status_text(answer, status), answer->text, (unsigned long long)(delay_ns / NS_PER_MS));
}

// The endpoint as it may be shown: no userinfo, no query. nth: of those before it with the same address.
static char *shown_new(const struct otlp_endpoint *endpoint, unsigned nth)
{
    const char *url = endpoint->url, *authority = strstr(url, "://");
    char again[16] = "", *shown;
    if (nth)
        snprintf(again, sizeof(again), "#%u", nth + 1);
    if (endpoint->unix_path)
        return asprintf(&shown, "unix://%s%s", endpoint->unix_path, again) < 0 ? NULL : shown;
    authority = authority ? authority + 3 : url;
    const char *host = authority, *end = authority + strcspn(authority, "/?#");
    for (const char *p = authority; p < end; p++)
        if (*p == '@')
            host = p + 1;
    return asprintf(&shown, "%.*s%.*s%s", (int)(authority - url), url, (int)strcspn(host, "?#"), host, again) < 0
               ? NULL
               : shown;
}

static bool shown_taken(const struct otlp_stream *stream, const char *shown)
{
    for (unsigned i = 0; i < stream->backlog.destination; i++) {
        const char *other = stream->self->exports[i][stream->signal].destination;
        if (other && strcmp(other, shown) == 0)
            return true;
    }
    return false;
}

// Two destinations may differ in headers alone; their counters must not be of the same name.
static int shown_choose(struct otlp_stream *stream, const struct otlp_endpoint *endpoint)
{
    for (unsigned nth = 0; nth < OTLP_DESTINATIONS_MAX; nth++) {
        free(stream->shown);
        stream->shown = shown_new(endpoint, nth);
        if (!stream->shown || !shown_taken(stream, stream->shown))
            break;
    }
    return stream->shown ? 0 : -ENOMEM;
}

int otlp_stream_new(struct otlp_stream **ret_stream, struct otlp_http *http, struct loop *loop, struct self *self,
                    const struct otlp_stream_settings *settings, const struct otlp_stream_owner *owner)
{
    struct otlp_stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        return -ENOMEM;
    *stream = (struct otlp_stream){
        .self = self,
        .counters = &self->exports[settings->destination][settings->signal],
        .signal = settings->signal,
        .gzip = settings->endpoint->gzip,
        .backlog = {.destination = settings->destination,
                    .items_max = settings->items_max,
                    .bytes_max = BACKLOG_BYTES_MAX},
        .owner = *owner,
    };
    stream->endpoint = otlp_endpoint_copy(settings->endpoint);
    const struct otlp_channel_settings channel = {stream->endpoint, settings->give_up_ns};
    const struct otlp_channel_owner channel_owner = {channel_done, channel_retry, stream};
    int r = stream->endpoint ? shown_choose(stream, settings->endpoint) : -ENOMEM;
    if (r == 0)
        r = otlp_channel_new(&stream->channel, http, loop, &channel, &channel_owner);
    if (r < 0) {
        otlp_stream_free(stream);
        return r;
    }
    *stream->counters = (struct self_export){.destination = stream->shown, .capacity_bytes = BACKLOG_BYTES_MAX};
    *ret_stream = stream;
    return 0;
}

void otlp_stream_free(struct otlp_stream *stream)
{
    if (!stream)
        return;
    otlp_channel_free(stream->channel);
    otlp_payload_drop(stream->sending);
    for (struct otlp_payload *payload; (payload = otlp_backlog_pop(&stream->backlog));)
        otlp_payload_drop(payload);
    stream->counters->destination = NULL;
    free(stream->shown);
    free(stream->endpoint);
    free(stream);
}

const struct otlp_endpoint *otlp_stream_endpoint(const struct otlp_stream *stream)
{
    return stream->endpoint;
}

bool otlp_stream_idle(const struct otlp_stream *stream)
{
    return !stream->sending && !stream->backlog.first;
}

bool otlp_stream_given_up(const struct otlp_stream *stream)
{
    return stream->given_up;
}

void otlp_stream_coming(struct otlp_stream *stream, unsigned items)
{
    stream->coming = items;
    queue_show(stream);
}

bool otlp_stream_has_room(const struct otlp_stream *stream)
{
    const struct otlp_backlog *backlog = &stream->backlog;
    return !backlog->first ||
           (backlog->items + stream->coming < backlog->items_max && backlog->bytes < backlog->bytes_max);
}

static bool room_make(struct otlp_stream *stream, const struct otlp_payload *payload)
{
    if (stream->signal == SELF_SIGNAL_METRICS)
        while (!otlp_backlog_fits(&stream->backlog, payload)) {
            struct otlp_payload *oldest = otlp_backlog_pop(&stream->backlog);
            payload_lost_whole(stream, oldest, SELF_FAILURE_QUEUE_FULL);
            otlp_payload_drop(oldest);
        }
    return otlp_backlog_fits(&stream->backlog, payload);
}

void otlp_stream_offer(struct otlp_stream *stream, struct otlp_payload *payload)
{
    if (stream->given_up)
        payload_lost_whole(stream, payload, SELF_FAILURE_GAVE_UP);
    else if (!stream->sending)
        stream_send(stream, otlp_payload_keep(payload));
    else if (room_make(stream, payload))
        otlp_backlog_push(&stream->backlog, otlp_payload_keep(payload));
    else
        payload_lost_whole(stream, payload, SELF_FAILURE_QUEUE_FULL);
    queue_show(stream);
}

void otlp_stream_hurry(struct otlp_stream *stream)
{
    stream->hurry = true;
    otlp_channel_hurry(stream->channel);
}

void otlp_stream_abandon(struct otlp_stream *stream)
{
    stream->given_up = true;
    otlp_channel_abort(stream->channel);
    for (struct otlp_payload *payload; (payload = otlp_backlog_pop(&stream->backlog));) {
        payload_lost_whole(stream, payload, SELF_FAILURE_GAVE_UP);
        otlp_payload_drop(payload);
    }
    queue_show(stream);
}
