// The exchange on a connection: request bytes (request.h) and response bytes (response.h) move it through the phases of
// maps/connections.h, and its record leaves when the final status line is seen. Directions are already told apart here:
// nothing knows client or server but for the times.
#pragma once
#include "vmlinux.h"
#include "classify/http1.h"
#include "io/emit.h"
#include "io/call_buffer.h"
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

// Not selected, for now; see walk.h.
static __always_inline void connection_refuse(struct connection *connection)
{
    connection->flags |= CONNECTION_IGNORED | CONNECTION_REFUSED;
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
    struct target *target = target_of(pid);
    if (!target || (target->flags | policy_pending()) & (TARGET_CLIENT | TARGET_SERVER | TARGET_PENDING | TARGET_KNOWN))
        return;
    target->flags |= TARGET_KNOWN;
    event_send(EVENT_ACTIVE, (struct task_struct *)bpf_get_current_task(), 0, 0);
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
    connection->flags &=
        ~(CONNECTION_PARTIAL | CONNECTION_TUNNEL | CONNECTION_MUTE | CONNECTION_CLOBBERED | CONNECTION_STASHED);
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
