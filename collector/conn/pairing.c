// See pairing.h.
//
// A first record (HTTP1) whose response is whole becomes a span on the spot. Else it waits for its END records:
//   known to be incomplete (length or chunks)     until it is complete, the next exchange, the close, or 10 minutes
//   ends with the connection                      until the close, the next exchange, or 10 minutes
//   unknown (the head's end was not captured)     until it pauses, the next exchange, the close, or 2 s without news
#include "collector/conn/pairing.h"

#include "collector/conn/framing.h"
#include "collector/core/clock.h"
#include "common/lib/log.h"

#define WAIT_OPEN_NS    (600 * NS_PER_SEC)
#define WAIT_UNKNOWN_NS (2 * NS_PER_SEC)

static void count_unparsed(struct pairing *pairing, enum self_unparsed cause, uint64_t n)
{
    pairing->self->unparsed[cause] += n;
}

// An ignored trace goes nowhere, so no exemplar may point at it.
static void count_ignored(struct pairing *pairing, struct span *span)
{
    pairing->self->ignored[SELF_SIGNAL_METRICS] += (span->ignored & ROUTE_SIGNAL_METRICS) != 0;
    pairing->self->ignored[SELF_SIGNAL_TRACES] += (span->ignored & ROUTE_SIGNAL_TRACES) != 0;
    span->sampled = span->sampled && !(span->ignored & ROUTE_SIGNAL_TRACES);
}

static void span_show(struct pairing *pairing, struct span *span)
{
    if (pairing->sampler && pairing->propagators)
        span->sampled = sampler_pass(pairing->sampler, span);
    span->selection = pairing->selection;
    if (pairing->router)
        router_span(pairing->router, span);
    if (span->ignored)
        count_ignored(pairing, span);
    pairing->self->spans[span->kind]++;
    pairing->sink(pairing->sink_context, span);
}

static void span_emit(struct pairing *pairing, const struct exchange *exchange)
{
    const struct process *process = process_table_find(pairing->processes, exchange->record->pid);
    struct span span;
    if (!process) {
        count_unparsed(pairing, SELF_UNPARSED_UNKNOWN_PROCESS, 1); // ended, and forgotten while its exchange waited
        return;
    }
    exchange_to_span(exchange, process, pairing->propagators, &span);
    span_show(pairing, &span);
}

static unsigned requests_waiting(const struct waiting_entry *entry)
{
    return entry && entry->pipeline ? entry->pipeline->count : 0;
}

static void pipeline_forget(struct waiting_entry *entry)
{
    pipeline_free(entry->pipeline);
    entry->pipeline = NULL;
}

// Requests that will not be paired any more.
static void pipeline_abandon(struct pairing *pairing, struct waiting_entry *entry)
{
    count_unparsed(pairing, SELF_UNPARSED_PIPELINED, requests_waiting(entry));
    pipeline_forget(entry);
}

static void drop_if_empty(struct pairing *pairing, struct waiting_entry *entry)
{
    if (!entry->unfinished && !entry->pipeline)
        waiting_drop(&pairing->waiting, entry);
}

// The response shares its bytes with others, of `known` requests that wait, or of some beyond the capture.
static void coalesced_count(struct pairing *pairing, const struct exchange *exchange, unsigned known)
{
    uint64_t size = exchange_request_size(exchange);
    bool alone = known == 0 && size && exchange->record->request_bytes <= size;
    if (!alone)
        count_unparsed(pairing, SELF_UNPARSED_PIPELINED, known ? known : 1);
}

// The entry's exchange, as it is. The entry stays if requests wait in it.
static void entry_finish(struct pairing *pairing, struct waiting_entry *entry)
{
    struct unfinished *unfinished = entry->unfinished;
    struct exchange exchange;
    if (!unfinished)
        return;
    entry->unfinished = NULL;
    entry->response_bytes = unfinished->record.response_bytes;
    unfinished_restore(unfinished, &exchange);
    if (framing_has_surplus(&unfinished->frame, &unfinished->record)) {
        coalesced_count(pairing, &exchange, requests_waiting(entry));
        pipeline_forget(entry);
    }
    span_emit(pairing, &exchange);
    unfinished_free(unfinished);
}

static void entry_close(struct pairing *pairing, struct waiting_entry *entry)
{
    entry_finish(pairing, entry);
    pipeline_abandon(pairing, entry);
    waiting_drop(&pairing->waiting, entry);
}

static void entry_deadline(struct waiting_entry *entry, enum framing framing, uint64_t now_ns)
{
    entry->deadline_ns = now_ns + (framing == FRAMING_UNKNOWN ? WAIT_UNKNOWN_NS : WAIT_OPEN_NS);
}

// The exchange is not whole: remember it. The kernel's END, or time, finishes it. False: no memory.
static bool exchange_wait(struct waiting_entry *entry, const struct exchange *exchange, const struct frame *frame,
                          enum framing framing, uint64_t now_ns)
{
    entry->unfinished = unfinished_new(exchange, frame);
    entry->merged_bytes = 0;
    entry_deadline(entry, framing, now_ns);
    return entry->unfinished != NULL;
}

// An entry for what waits of this exchange: itself, or requests behind it. NULL: no room.
static struct waiting_entry *entry_add(struct pairing *pairing, const struct exchange *exchange, struct str rest,
                                       unsigned behind)
{
    struct waiting_entry *entry = waiting_add(&pairing->waiting, exchange->record->connection);
    if (entry && behind)
        entry->pipeline = pipeline_new(exchange->record, rest, behind);
    if (!entry)
        log_limited(LOG_LEVEL_WARN, "too many open exchanges: some are reported early waiting=%u",
                    pairing->waiting.count);
    if (!entry || (behind && !entry->pipeline))
        count_unparsed(pairing, SELF_UNPARSED_TABLE_FULL, behind);
    return entry;
}

// A new exchange, with its first response bytes or at its end without any. entry: the connection's, if it has one.
static void exchange_begin(struct pairing *pairing, struct waiting_entry *entry, const struct exchange *exchange,
                           uint64_t now_ns)
{
    const struct http1_record *record = exchange->record;
    struct frame frame;
    frame_take(exchange, &frame);
    enum framing framing = framing_judge(&frame, record, false);
    bool ended = framing == FRAMING_COMPLETE || record->flags & RECORD_FLAG_CLOSED;
    struct str rest = {"", 0};
    unsigned behind = entry ? 0 : pipeline_count(exchange, &rest);

    if (framing == FRAMING_COMPLETE && !entry && !behind && !framing_has_surplus(&frame, record))
        repeat_keep(pairing->repeat, exchange, pairing->propagators);
    if (ended && framing_has_surplus(&frame, record)) {
        coalesced_count(pairing, exchange, entry ? requests_waiting(entry) : behind);
        behind = 0;
        if (entry)
            pipeline_forget(entry);
    } else if (record->flags & (RECORD_FLAG_CLOSED | RECORD_FLAG_NO_RESPONSE)) {
        count_unparsed(pairing, SELF_UNPARSED_PIPELINED, behind); // nobody will answer them
        behind = 0;
    }
    if (!entry && (behind || !ended)) {
        entry = entry_add(pairing, exchange, rest, behind);
        ended = ended || !entry;
    }
    if (entry) {
        entry->sequence = record->sequence;
        entry->response_bytes = record->response_bytes;
        entry_deadline(entry, FRAMING_OPEN, now_ns);
    }
    if (ended || !exchange_wait(entry, exchange, &frame, framing, now_ns))
        span_emit(pairing, exchange);
    if (entry && record->flags & RECORD_FLAG_CLOSED)
        pipeline_abandon(pairing, entry);
    if (entry)
        drop_if_empty(pairing, entry);
}

// An exchange with its own request: whatever else this connection had is over.
static void request_take(struct pairing *pairing, struct waiting_entry *entry, const struct http1_record *record,
                         uint64_t now_ns)
{
    struct exchange exchange;
    if (entry)
        entry_close(pairing, entry);
    if (exchange_parse(record, &exchange) == PARSE_OK)
        exchange_begin(pairing, NULL, &exchange, now_ns);
    else
        count_unparsed(pairing, SELF_UNPARSED_MALFORMED, 1);
}

// What looked like a response was the waiting one's body.
static void response_merge(struct pairing *pairing, struct waiting_entry *entry, const struct http1_record *record,
                           uint64_t now_ns)
{
    struct http1_record *whole = &entry->unfinished->record;
    struct str capture = exchange_response_capture(record);
    entry->merged_bytes = whole->response_bytes;
    entry->sequence = record->sequence;
    whole->response_bytes += record->response_bytes;
    whole->ended = record->ended;
    memset(whole->tail, 0, sizeof whole->tail);
    if (record->response_bytes > record->response_captured)
        memcpy(whole->tail, record->tail, sizeof whole->tail);
    else if (capture.n >= TAIL_CAPTURE)
        memcpy(whole->tail, capture.p + capture.n - TAIL_CAPTURE, TAIL_CAPTURE);
    enum framing framing = unfinished_judge(entry->unfinished, false);
    entry_deadline(entry, framing, now_ns);
    if (record->flags & RECORD_FLAG_CLOSED) {
        entry_close(pairing, entry);
        return;
    }
    if (framing == FRAMING_COMPLETE)
        entry_finish(pairing, entry);
    drop_if_empty(pairing, entry);
}

// A response without a request of its own: part of the one before, the answer to a pipelined request, or unsolicited.
static void response_take(struct pairing *pairing, struct waiting_entry *entry, const struct http1_record *record,
                          uint64_t now_ns)
{
    union record_room room;
    struct exchange exchange;
    if (entry && entry->unfinished && unfinished_judge(entry->unfinished, false) == FRAMING_OPEN) {
        response_merge(pairing, entry, record, now_ns);
        return;
    }
    if (entry)
        entry_finish(pairing, entry);
    if (requests_waiting(entry) == 0) {
        count_unparsed(pairing, SELF_UNPARSED_NO_REQUEST, 1);
        if (entry)
            waiting_drop(&pairing->waiting, entry);
        return;
    }
    pipeline_take(entry->pipeline, record, &room);
    if (entry->pipeline->count == 0)
        pipeline_forget(entry);
    if (exchange_parse(&room.record, &exchange) == PARSE_OK) {
        exchange_begin(pairing, entry, &exchange, now_ns);
        return;
    }
    count_unparsed(pairing, SELF_UNPARSED_MALFORMED, 1);
    drop_if_empty(pairing, entry);
}

// Later totals, and later captures if the record brings them.
static enum parse_status entry_update(struct waiting_entry *entry, const struct http1_record *end)
{
    struct http1_record *record = &entry->unfinished->record;
    if (end->request_bytes > record->request_bytes)
        record->request_bytes = end->request_bytes;
    record->response_bytes = entry->merged_bytes + end->response_bytes;
    record->ended = end->ended;
    record->socket_error = end->socket_error;
    record->flags |= end->flags;
    memcpy(record->tail, end->tail, sizeof record->tail);
    return end->response_captured == 0 || entry->merged_bytes ? PARSE_OK
                                                              : unfinished_recapture(&entry->unfinished, end);
}

// The entry's own END. One without a reason says that the response still goes on. When the next request (or what looks
// like the next response) came before this one was whole, the record that follows tells whose bytes those are.
static void entry_end(struct pairing *pairing, struct waiting_entry *entry, const struct http1_record *end,
                      uint64_t now_ns)
{
    bool paused = end->flags & (RECORD_FLAG_IDLE | RECORD_FLAG_NEXT | RECORD_FLAG_CLOSED);
    if (entry_update(entry, end) != PARSE_OK) {
        count_unparsed(pairing, SELF_UNPARSED_MALFORMED, 1);
        unfinished_free(entry->unfinished);
        entry->unfinished = NULL;
        return;
    }
    enum framing framing = unfinished_judge(entry->unfinished, paused);
    bool whole = framing == FRAMING_COMPLETE || (framing == FRAMING_UNKNOWN && paused);
    entry_deadline(entry, end->flags & RECORD_FLAG_NEXT ? FRAMING_UNKNOWN : framing, now_ns);
    if (whole || end->flags & RECORD_FLAG_CLOSED)
        entry_finish(pairing, entry);
}

// Without an entry there is nothing to add: the exchange was whole in its first record, or that record was lost.
static void end_take(struct pairing *pairing, struct waiting_entry *entry, const struct http1_record *end,
                     uint64_t now_ns)
{
    if (!entry)
        return;
    if (entry->unfinished && entry->sequence == end->sequence) {
        entry_end(pairing, entry, end, now_ns);
    } else if (!entry->unfinished && entry->sequence == end->sequence && end->response_bytes > entry->response_bytes) {
        pipeline_abandon(pairing, entry); // the next response went out without a record of its own
    }
    if (end->flags & RECORD_FLAG_CLOSED)
        entry_close(pairing, entry);
    else
        drop_if_empty(pairing, entry);
}

void pairing_take(struct pairing *pairing, const struct http1_record *record, const struct process *process,
                  uint64_t now_ns)
{
    struct waiting_entry *entry = waiting_find(&pairing->waiting, record->connection);
    struct span *span = entry ? NULL : repeat_find(pairing->repeat, record, process, pairing->propagators);
    if (span)
        span_show(pairing, span);
    else if (record->kind == RECORD_KIND_HTTP1_END)
        end_take(pairing, entry, record, now_ns);
    else if (record->flags & RECORD_FLAG_NO_REQUEST)
        response_take(pairing, entry, record, now_ns);
    else
        request_take(pairing, entry, record, now_ns);
}

void pairing_expire(struct pairing *pairing, uint64_t now_ns)
{
    struct waiting *waiting = &pairing->waiting;
    for (uint32_t i = 0; waiting->count && i < waiting->high; i++)
        if (waiting->entries[i].used && waiting->entries[i].deadline_ns <= now_ns)
            entry_close(pairing, &waiting->entries[i]);
    waiting_trim(waiting);
}
