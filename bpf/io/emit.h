// A connection's record into the ring, as it stands.
#pragma once
#include "vmlinux.h"
#include "io/address.h"
#include "maps/connections.h"
#include "maps/rings.h"

enum emit_data { EMIT_BARE, EMIT_CAPTURES };

// The Unix path goes behind the captures, anew with each record: a growing response may have overwritten it.
static __always_inline __u32 emit_path(struct connection *connection, struct sock *sk, __u32 at)
{
    struct http1_record *record = &connection->record;
    struct sock *end = record->role == RECORD_ROLE_SERVER ? sk : unix_peer(sk);

    record->path_offset = at;
    record->path_captured = 0;
    if (at > 2 * HEAD_CAPTURE_MAX || !end)
        return at;
    record->path_captured = unix_path_read(end, &connection->data[at]);
    return at + record->path_captured;
}

// The caller has set record.emitted.
static __noinline void emit_record(struct connection *connection, struct sock *sk, __u16 kind, __u16 flags, __u32 data)
{
    struct http1_record *record = &connection->record;
    __u16 request = record->request_captured, offset = record->response_offset, response = record->response_captured;
    __u32 size = 0;

    record->kind = kind;
    if (connection->flags & CONNECTION_PENDING)
        flags |= RECORD_FLAG_PENDING;
    record->flags |= flags;
    if (data == EMIT_CAPTURES && !(connection->flags & CONNECTION_CLOBBERED)) {
        size = response ? offset + response : request;
    } else {
        record->request_captured = record->response_offset = record->response_captured = 0;
    }
    record->path_captured = 0;
    record->path_offset = 0;
    if (record->family == AF_UNIX && data == EMIT_CAPTURES)
        size = emit_path(connection, sk, size);
    if (size > sizeof connection->data)
        size = sizeof connection->data;
    record->size = sizeof *record + size;
    ring_write(record, sizeof *record + size,
               kind == RECORD_KIND_HTTP1 ? COUNTER_RECORD_HTTP1 : COUNTER_RECORD_HTTP1_END);
    record->request_captured = request;
    record->response_offset = offset;
    record->response_captured = response;
    record->flags &= ~(RECORD_FLAG_IDLE | RECORD_FLAG_NEXT);
}
