// Request bytes: where one begins, how it goes on, and a byte that may belong to the next one.
#pragma once
#include "vmlinux.h"
#include "io/exchange.h"

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

// What later reads want to know of this one: was it more than a byte, does it end in an empty line?
static __always_inline void request_notes(struct connection *connection, const struct io *io)
{
    struct http1_record *record = &connection->record;

    if (io->buffer.length > 1)
        connection->flags |= CONNECTION_BULK;
    else
        connection->flags &= ~CONNECTION_BULK;
    // Only where the capture does not show it. The word is little-endian: CR LF CR LF are its four highest bytes.
    if (record->request_bytes <= record->request_captured)
        return;
    __u64 tail = user_buffer_tail(&io->buffer, 0);
    record->flags &= ~RECORD_FLAG_REQUEST_ENDS;
    if (tail >> 32 == 0x0a0d0a0d)
        record->flags |= RECORD_FLAG_REQUEST_ENDS;
}

static __always_inline void request_open(struct connection *connection, const struct io *io, __u32 captured,
                                         __u64 bytes, __u64 received)
{
    struct http1_record *record = &connection->record;

    record->request_captured = captured;
    record->request_bytes = bytes;
    if (record->role == RECORD_ROLE_SERVER)
        record->arrived = received;
    connection->phase = PHASE_REQUEST;
    request_notes(connection, io);
}

// The common case: the captures of the exchange before are not needed any more, so these bytes are copied where they
// belong and judged there. False: they start no request.
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

// The others: the response before has still to be reported; an empty line comes first, which is to be ignored (RFC
// 9112 2.2); or the first byte was kept from an earlier read (`before` is 1, see stash). False: no request.
static __always_inline bool request_start_rare(struct connection *connection, struct sock *sk, const struct io *io,
                                               __u32 before, __u64 received)
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
        class =
            http1_request_class(first.word[0] >> 16 | first.word[1] << 48, first.word[1] >> 16 | first.word[2] << 48,
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

// One byte behind a bulk read, while the answer is still to come: it may be the next request's first (Go's
// read-ahead, seen before the call that sent the answer has returned). Kept apart until it shows.
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
    request_notes(connection, io);
    if (connection->flags & CONNECTION_PARTIAL &&
        !request_judge(connection, request_captured_class(connection, record->request_captured))) {
        connection->phase = PHASE_IDLE;
        if (record->sequence <= 1 && !(connection->flags & CONNECTION_MIDSTREAM))
            connection_ignore(connection);
    }
}
