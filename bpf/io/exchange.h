// The exchange on a connection: request bytes and response bytes move it through the phases of maps/connections.h, and its record
// leaves when the final status line is seen. Directions are already told apart here: nothing below knows client or server
// but for the times.
#pragma once
#include "vmlinux.h"
#include "classify/http1.h"
#include "io/emit.h"
#include "io/user_buffer.h"
#include "maps/targets.h"
#include "maps/events.h"

// One system call's bytes.
struct io {
    struct user_buffer buffer;
    __u64 now;
};

static __always_inline void connection_ignore(struct connection *connection)
{
    connection->flags |= CONNECTION_IGNORED;
}

static __always_inline void tail_closed(struct connection *connection)
{
    if (connection->flags & CONNECTION_GREW) {
        connection->flags &= ~CONNECTION_GREW;
        counter_add(COUNTER_TAILS_OPEN, -1);
    }
}

// The response's last word: with its captures only if they grew (they are in the first record otherwise).
static __always_inline void exchange_end(struct connection *connection, struct sock *sk, __u16 reason, __u64 now)
{
    __u32 data = connection->flags & CONNECTION_GREW ? EMIT_CAPTURES : EMIT_BARE;

    tail_closed(connection);
    connection->record.emitted = now;
    if (!(connection->flags & CONNECTION_MUTE))
        emit_record(connection, sk, RECORD_KIND_HTTP1_END, reason, data);
}

// A process that nobody selected serves an observed connection (passed on, or inherited): the loader tells its name.
static __always_inline void owner_check(__u32 pid)
{
    __u8 *target = target_of(pid);
    if (!target || *target & (TARGET_CLIENT | TARGET_SERVER | TARGET_PENDING | TARGET_KNOWN))
        return;
    *target |= TARGET_KNOWN;
    event_send(EVENT_ACTIVE, bpf_get_current_task_btf(), 0, false);
}

// A new exchange; its captures and byte counts start empty.
static __always_inline void exchange_begin(struct connection *connection, const struct io *io)
{
    struct http1_record *record = &connection->record;
    __u32 pid = bpf_get_current_pid_tgid() >> 32;

    if (record->pid != pid) {
        owner_check(pid);
        record->pid = pid;
    }
    connection->flags &= ~(CONNECTION_PARTIAL | CONNECTION_TUNNEL | CONNECTION_MUTE | CONNECTION_CLOBBERED | CONNECTION_STASHED);
    record->sequence++;
    record->flags = 0;
    record->socket_error = 0;
    record->arrived = 0;
    record->started = io->now;
    record->responded = 0;
    record->ended = io->now;
    record->request_bytes = record->response_bytes = 0;
    record->request_captured = record->response_offset = record->response_captured = 0;
    *(__u64 *)record->tail = 0;
}

static __always_inline int request_captured_class(const struct connection *connection, __u32 captured)
{
    const __u64 *word = (const __u64 *)connection->data;
    return http1_request_class(word[0], word[1], word[2], captured);
}

// Notes what the classifier said of the request's first bytes. True if it is (or may be) one.
static __always_inline bool request_judge(struct connection *connection, int class)
{
    connection->flags &= ~CONNECTION_PARTIAL;
    if (class == HTTP1_MORE)
        connection->flags |= CONNECTION_PARTIAL;
    else if (class == HTTP1_CONNECT)
        connection->flags |= CONNECTION_TUNNEL;
    return class != HTTP1_NO;
}

static __always_inline void request_notes(struct connection *connection, const struct io *io)
{
    // Only where the capture does not show it. The word is little-endian: CR LF CR LF are its four highest bytes.
    struct http1_record *record = &connection->record;
    if (record->request_bytes <= record->request_captured)
        return;
    __u64 tail = user_buffer_tail(&io->buffer, 0);
    record->flags &= ~RECORD_FLAG_REQUEST_ENDS;
    if (tail >> 32 == 0x0a0d0a0d)
        record->flags |= RECORD_FLAG_REQUEST_ENDS;
}

static __always_inline void request_open(struct connection *connection, const struct io *io, __u32 captured, __u64 bytes,
                                         __u64 received)
{
    struct http1_record *record = &connection->record;

    record->request_captured = captured;
    record->request_bytes = bytes;
    if (io->buffer.length > 1)
        connection->flags |= CONNECTION_BULK;
    else
        connection->flags &= ~CONNECTION_BULK;
    if (record->role == RECORD_ROLE_SERVER)
        record->arrived = received;
    connection->phase = PHASE_REQUEST;
    request_notes(connection, io);
}

// The common case: the captures of the exchange before are not needed any more, so these bytes are copied where they belong and
// judged there. False: they start no request.
static __always_inline bool request_start(struct connection *connection, const struct io *io, __u64 received)
{
    int captured = user_buffer_copy(&io->buffer, connection, 0, HEAD_CAPTURE_MAX, 0);

    connection->flags |= CONNECTION_CLOBBERED;
    if (captured <= 0) {
        counter_add(COUNTER_UNREADABLE_FAULT, 1);
        return false;
    }
    int class = request_captured_class(connection, captured);
    if (class == HTTP1_NO)
        return false;
    exchange_begin(connection, io);
    request_judge(connection, class);
    request_open(connection, io, captured, io->buffer.length, received);
    return true;
}

// The others: the response before has still to be reported; an empty line comes first, which is to be ignored (RFC 9112 2.2); or
// the first byte was kept from an earlier read (`before` is 1, see stash). False: no request.
static __always_inline bool request_start_rare(struct connection *connection, struct sock *sk, const struct io *io, __u32 before,
                                               __u64 received)
{
    union first_bytes first = {};
    int seen = user_buffer_peek(&io->buffer, &first), class;
    __u8 stash = connection->stash;

    if (seen <= 0)
        return false;
    __u32 skip = before == 0 && seen >= 2 && first.byte[0] == '\r' && first.byte[1] == '\n' ? 2 : 0;
    if (skip && io->buffer.length == 2)
        return true;
    if (before) // "G" + "ET / HTTP/1.1": the rest alone is no request, together they may be
        class = http1_request_class(first.word[0] << 8 | stash, first.word[1] << 8 | first.word[0] >> 56,
                                    first.word[2] << 8 | first.word[1] >> 56, seen + 1);
    else if (skip)
        class = http1_request_class(first.word[0] >> 16 | first.word[1] << 48, first.word[1] >> 16 | first.word[2] << 48,
                                    first.word[2] >> 16 | first.word[3] << 48, seen - 2);
    else
        class = http1_request_class_of(&first, seen);
    if (class == HTTP1_NO)
        return false;
    if (connection->phase == PHASE_RESPONSE && connection->flags & CONNECTION_GREW)
        exchange_end(connection, sk, RECORD_FLAG_NEXT, io->now);
    exchange_begin(connection, io);
    request_judge(connection, class);
    if (before)
        connection->data[0] = stash;
    int copied = user_buffer_copy(&io->buffer, connection, before, HEAD_CAPTURE_MAX - before, skip);
    request_open(connection, io, before + (copied > 0 ? copied : 0), before + io->buffer.length - skip, received);
    return true;
}

// One byte behind a bulk read, while the answer is still to come: it may be the next request's first (Go's read-ahead, seen before
// the call that sent the answer has returned). Kept apart until it shows.
static __always_inline bool request_stash(struct connection *connection, const struct io *io, __u64 received)
{
    union first_bytes first = {};

    if (io->buffer.length != 1 || !(connection->flags & CONNECTION_BULK) || !io->buffer.readable ||
        connection->flags & (CONNECTION_PARTIAL | CONNECTION_STASHED) || connection->record.role != RECORD_ROLE_SERVER)
        return false;
    if (user_buffer_peek(&io->buffer, &first) != 1 || first.byte[0] < 'A' || first.byte[0] > 'Z')
        return false;
    connection->stash = first.byte[0];
    connection->stash_received = received;
    connection->flags |= CONNECTION_STASHED;
    return true;
}

// It was the request's own after all.
static __always_inline void request_unstash(struct connection *connection)
{
    struct http1_record *record = &connection->record;
    __u32 at = record->request_captured;

    if (at < HEAD_CAPTURE_MAX && record->request_bytes == at && !record->response_captured) {
        connection->data[at] = connection->stash;
        record->request_captured = at + 1;
    }
    record->request_bytes++;
    connection->flags &= ~CONNECTION_STASHED;
}

// More bytes of a request whose answer has not started.
static __always_inline void request_continue(struct connection *connection, const struct io *io, __u64 received)
{
    struct http1_record *record = &connection->record;

    if (request_stash(connection, io, received))
        return;
    if (connection->flags & CONNECTION_STASHED)
        request_unstash(connection);
    __u32 at = record->request_captured;
    if (io->buffer.readable && !record->response_captured && at < HEAD_CAPTURE_MAX && record->request_bytes == at) {
        int copied = user_buffer_copy(&io->buffer, connection, at, HEAD_CAPTURE_MAX - at, 0);
        if (copied > 0)
            record->request_captured = at + copied;
    }
    record->request_bytes += io->buffer.length;
    record->ended = io->now;
    if (io->buffer.length > 1)
        connection->flags |= CONNECTION_BULK;
    else
        connection->flags &= ~CONNECTION_BULK;
    request_notes(connection, io);
    if (connection->flags & CONNECTION_PARTIAL &&
        !request_judge(connection, request_captured_class(connection, record->request_captured))) {
        connection->phase = PHASE_IDLE;
        if (record->sequence <= 1 && !(connection->flags & CONNECTION_MIDSTREAM))
            connection_ignore(connection);
    }
}

// Where the interim (1xx) heads at the start of the capture end; 0 if the last of them is cut off.
SUBPROGRAM __u32 interim_end(struct connection *connection, __u32 offset, __u32 captured)
{
    __u32 word = 0;

    if (!connection || offset > CAPTURE_START_MAX)
        return 0;
    for (__u32 i = 0; i < HEAD_CAPTURE_MAX; i++) {
        if (i >= captured)
            return 0;
        word = word << 8 | connection->data[offset + i];
        if (word == 0x0d0a0d0a)
            return i + 1;
    }
    return 0;
}

// Drops an interim head from the front of the response's capture and takes what follows it in the same call. True if there is
// something left to look at.
static __always_inline bool interim_drop(struct connection *connection, const struct io *io)
{
    struct http1_record *record = &connection->record;
    __u32 end = interim_end(connection, record->response_offset, record->response_captured);
    __u64 bytes = record->response_bytes;

    record->response_captured = 0;
    record->response_bytes = 0;
    record->responded = 0;
    if (!end || end >= bytes || bytes - end > io->buffer.length)
        return false;
    __u32 rest = bytes - end;
    int copied = user_buffer_copy(&io->buffer, connection, record->response_offset, HEAD_CAPTURE_MAX, io->buffer.length - rest);
    if (copied <= 0)
        return false;
    record->response_captured = copied;
    record->response_bytes = rest;
    record->responded = io->now;
    return true;
}

// The bytes of this call at the end of the response's capture.
static __always_inline void response_capture(struct connection *connection, const struct io *io)
{
    struct http1_record *record = &connection->record;
    __u32 captured = record->response_captured, at = record->response_offset + captured;

    if (captured < HEAD_CAPTURE_MAX && record->response_bytes == captured && io->buffer.readable &&
        !(connection->flags & CONNECTION_CLOBBERED)) {
        int copied = user_buffer_copy(&io->buffer, connection, at, HEAD_CAPTURE_MAX - captured, 0);
        if (copied > 0)
            record->response_captured = captured + copied;
    }
    record->response_bytes += io->buffer.length;
    record->ended = io->now;
    if (!record->responded)
        record->responded = io->now;
}

// Keeps the response's last eight bytes once they are not all in its capture.
static __always_inline void response_tail(struct connection *connection, const struct io *io)
{
    struct http1_record *record = &connection->record;
    __u64 *tail = (__u64 *)record->tail;

    if (record->response_bytes <= record->response_captured)
        return;
    if (!io->buffer.readable) {
        *tail = 0;
        return;
    }
    __u32 end = record->response_offset + record->response_captured;
    if (io->buffer.length < 8 && *tail == 0 && end >= 8 && end <= 2 * HEAD_CAPTURE_MAX)
        __builtin_memcpy(tail, &connection->data[end - 8], 8);
    *tail = user_buffer_tail(&io->buffer, *tail);
}

// Looks at what is captured of the response; sends the record if the final status is known.
static __always_inline void response_judge(struct connection *connection, struct sock *sk, const struct io *io)
{
    struct http1_record *record = &connection->record;
    int status = 0;

    for (int heads = 0; heads < 3; heads++) {
        __u32 at = record->response_offset & (2 * HEAD_CAPTURE_MAX - 1);
        if (at > CAPTURE_START_MAX)
            return;
        union first_bytes first;
        __builtin_memcpy(first.byte, &connection->data[at], 16);
        status = http1_response_class_of(&first, record->response_captured);
        if (status < 100 || status >= 200 || status == 101)
            break;
        if (!interim_drop(connection, io))
            return;
    }
    if (status == HTTP1_MORE)
        return;
    if (status == HTTP1_NO && record->sequence > 1 && connection->misses < MISSES_MAX) {
        // The rest of the previous response, after the next request was read: this one's answer is still to come.
        connection->misses++;
        record->response_captured = 0;
        record->response_bytes = 0;
        record->responded = 0;
        return;
    }
    if (status == HTTP1_NO) {
        counter_add(COUNTER_NOT_HTTP_ANSWER, 1);
        connection_ignore(connection);
        return;
    }
    if (status < 200 && status != 101)
        return;
    response_tail(connection, io);
    record->emitted = io->now;
    emit_record(connection, sk, RECORD_KIND_HTTP1, 0, EMIT_CAPTURES);
    connection->phase = PHASE_RESPONSE;
    if (status == 101 || (connection->flags & CONNECTION_TUNNEL && status < 300))
        connection_ignore(connection);
}

// A response begins (or its head goes on) and no record is out.
static __always_inline void response_start(struct connection *connection, struct sock *sk, const struct io *io)
{
    struct http1_record *record = &connection->record;

    if (!io->buffer.readable && !record->response_captured && !(connection->flags & CONNECTION_MUTE)) {
        // Its status is lost; the cause is counted, and the exchange is not reported.
        counter_add(io->buffer.cause, 1);
        connection->flags |= CONNECTION_MUTE;
    }
    if (connection->flags & CONNECTION_MUTE) {
        connection->phase = PHASE_RESPONSE;
        return;
    }
    if (!record->response_captured)
        record->response_offset = record->request_captured;
    response_capture(connection, io);
    response_judge(connection, sk, io);
}

// More of a response whose record is out; or, if it looks like a status line, another response (pipelined).
static __always_inline void response_continue(struct connection *connection, struct sock *sk, const struct io *io)
{
    union first_bytes first = {};

    if (io->buffer.readable && io->buffer.length >= 12 && user_buffer_peek(&io->buffer, &first) >= 12 &&
        http1_response_class_of(&first, 12) >= 100) {
        if (connection->flags & CONNECTION_GREW)
            exchange_end(connection, sk, RECORD_FLAG_NEXT, io->now);
        __u64 arrived = connection->record.arrived, started = connection->record.started;
        exchange_begin(connection, io);
        connection->record.arrived = arrived;
        connection->record.started = started;
        connection->record.flags = RECORD_FLAG_NO_REQUEST;
        connection->phase = PHASE_REQUEST;
        response_start(connection, sk, io);
        return;
    }
    if (connection->flags & CONNECTION_MUTE)
        return;
    response_capture(connection, io);
    response_tail(connection, io);
    if (!(connection->flags & CONNECTION_GREW)) {
        connection->flags |= CONNECTION_GREW;
        counter_add(COUNTER_TAILS_OPEN, 1);
    }
}

// A response without a request that we know of: begun before we looked, unsolicited, or early (see PHASE_EARLY).
static __always_inline bool response_alone(struct connection *connection, struct sock *sk, const struct io *io)
{
    union first_bytes first = {};
    int seen = io->buffer.readable ? user_buffer_peek(&io->buffer, &first) : 0;

    if (seen <= 0 || http1_response_class_of(&first, seen) == HTTP1_NO)
        return false;
    exchange_begin(connection, io);
    connection->record.flags = RECORD_FLAG_NO_REQUEST;
    if (connection->record.role == RECORD_ROLE_CLIENT) {
        connection->phase = PHASE_EARLY;
        connection->record.response_offset = HEAD_CAPTURE_MAX;
        response_capture(connection, io);
        response_tail(connection, io);
    } else {
        connection->phase = PHASE_REQUEST;
        response_start(connection, sk, io);
    }
    return true;
}

// The call that sent the request returns after the answer was read: complete the record that waits.
static __always_inline void request_late(struct connection *connection, struct sock *sk, const struct io *io)
{
    struct http1_record *record = &connection->record;
    int copied = user_buffer_copy(&io->buffer, connection, 0, HEAD_CAPTURE_MAX, 0);

    record->request_captured = copied > 0 ? copied : 0;
    record->request_bytes = io->buffer.length;
    if (!request_judge(connection, request_captured_class(connection, record->request_captured))) {
        connection_ignore(connection);
        return;
    }
    record->flags = 0;
    if (record->responded < record->started)
        record->started = record->responded;
    response_judge(connection, sk, io);
}
