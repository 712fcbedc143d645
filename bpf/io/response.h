// Response bytes: the final status line behind interim ones, the record that leaves with it, and what follows.
#pragma once
#include "vmlinux.h"
#include "io/exchange.h"

// Where the interim (1xx) heads at the start of the capture end; 0 if the last of them is cut off.
SUBPROGRAM __u32 interim_end(struct connection *connection, __u32 offset, __u32 captured)
{
    __u32 word = 0;

    if (!connection || offset > CAPTURE_START_MAX)
        return 0;
    for (__u32 i = 0; i < (cfg_way.inlined ? HEAD_CAPTURE_MAX / 4 : HEAD_CAPTURE_MAX); i++) {
        if (i >= captured)
            return 0;
        word = word << 8 | connection->data[offset + i];
        if (word == 0x0d0a0d0a)
            return i + 1;
    }
    return 0;
}

// Drops an interim head from the front of the response's capture and takes what follows it in the same call. True if
// there is something left to look at.
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
    int copied =
        user_buffer_copy(&io->buffer, connection, record->response_offset, HEAD_CAPTURE_MAX, io->buffer.length - rest);
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
    connection->steady = record->family == AF_UNIX ? RECORD_ROLE_UNKNOWN : record->role;
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
