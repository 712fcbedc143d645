// The one handler behind every variant of socket hooks: n bytes were moved on sk by the current task.
#pragma once
#include "vmlinux.h"
#include "io/request.h"
#include "io/response.h"
#include "maps/settings.h"

enum direction { DIRECTION_RECEIVED, DIRECTION_SENT };

static __always_inline bool sock_streams(struct sock *sk)
{
    __u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

    if (family == AF_UNIX)
        return !cfg_way.hashed && BPF_CORE_READ(sk, sk_type) == SOCK_STREAM;
    if (cfg_way.hashed && BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_CLOSE)
        return false; // closed while the call went on: nothing will tell when to forget it
    return (family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP;
}

// A file's socket without the kernel's help (bpf_sock_from_file: 5.11): an address, and no more.
static __always_inline struct sock *sock_of_file(struct file *file)
{
    if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
        return (void *)0;
    struct socket *socket = BPF_CORE_READ(file, private_data);
    return socket ? BPF_CORE_READ(socket, sk) : (void *)0;
}

static __always_inline bool is_unix(struct sock *sk)
{
    return !cfg_way.hashed && sk->__sk_common.skc_family == AF_UNIX;
}

// 0 of a Unix socket.
static __always_inline __u16 sock_port(struct sock *sk)
{
    return BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX ? 0 : BPF_CORE_READ(sk, __sk_common.skc_num);
}

static __always_inline struct connection *connection_make(struct sock *sk, __u16 flags)
{
    struct connection *connection = connection_create(sk, flags & CONNECTION_LISTENER);
    if (!connection) {
        counter_add(COUNTER_LOST_NO_STORAGE, 1);
        return connection;
    }
    connection->flags = flags;
    return connection;
}

// State for a connection that has none, if this process is observed. What was made here was open before we looked.
static __noinline struct connection *connection_adopt(struct sock *sk)
{
    __u32 pid = bpf_get_current_pid_tgid() >> 32;
    struct target target = target_read(pid);

    if (!(target.flags & (TARGET_CLIENT | TARGET_SERVER | TARGET_PENDING) || target.rules) || !sock_streams(sk))
        return (void *)0;
    __u16 flags = CONNECTION_MIDSTREAM;
    bool serves = target_serves(target, sock_port(sk));
    if (target.flags & TARGET_PENDING)
        flags |= CONNECTION_PENDING;
    else if (!serves && !(target.flags & TARGET_CLIENT))
        return (void *)0;
    else if (!serves)
        flags |= CONNECTION_CLIENT_ONLY;
    struct connection *connection = connection_make(sk, flags);
    if (!connection)
        return (void *)0;
    connection->owner = pid;
    counter_add(COUNTER_CONNECTIONS_OPENED, 1);
    return connection;
}

// Has the loader decided on the process that made this connection? False: it is not to be observed.
static __always_inline bool connection_decide(struct connection *connection, struct sock *sk)
{
    if (connection->flags & CONNECTION_UNOWNED) {
        connection->owner = bpf_get_current_pid_tgid() >> 32;
        connection->flags &= ~CONNECTION_UNOWNED;
        connection->flags |= CONNECTION_PENDING;
    }
    struct target target = target_read(connection->owner);
    if (target.flags & TARGET_PENDING)
        return true;
    connection->flags &= ~CONNECTION_PENDING;
    if (target_serves(target, sock_port(sk)))
        return true;
    connection->flags |= CONNECTION_CLIENT_ONLY;
    return target.flags & TARGET_CLIENT && connection->record.role != RECORD_ROLE_SERVER;
}

static __always_inline bool role_set(struct connection *connection, enum record_role role)
{
    if (role == RECORD_ROLE_SERVER && connection->flags & CONNECTION_CLIENT_ONLY) {
        connection_refuse(connection);
        return false;
    }
    connection->record.role = role;
    return true;
}

// A boundary was missed: nothing that we know starts here.
static __always_inline void boundary_miss(struct connection *connection)
{
    if (!(connection->flags & CONNECTION_MIDSTREAM) && connection->record.sequence == 0)
        connection_ignore(connection);
    else if (++connection->misses >= MISSES_MAX)
        connection_ignore(connection);
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

// What was taken for the beginning of a request is followed by one that is certain: it was the end of a body.
static __always_inline bool request_restarts(const struct io *io)
{
    union first_bytes first = {};
    int seen = io->buffer.readable ? user_buffer_peek(&io->buffer, &first) : 0;

    return seen > 0 && http1_known_method(first.word[0], seen) != HTTP1_NO;
}

// Do these bytes at a boundary start a request? A byte kept from before goes in front, unless they are certain
// without it. An END that is still to be reported, or an empty line in front, wants care; everything else goes
// straight to its place.
static __always_inline bool boundary_try(struct connection *connection, struct sock *sk, const struct io *io,
                                         __u64 received)
{
    if (connection->flags & CONNECTION_STASHED && !request_restarts(io) &&
        request_start_rare(connection, sk, io, 1, connection->stash_received))
        return true;
    if (connection->flags & CONNECTION_GREW)
        return request_start_rare(connection, sk, io, 0, received);
    return request_start(connection, io, received) ||
           (connection->data[0] == '\r' && request_start_rare(connection, sk, io, 0, received));
}

static __always_inline void request_bytes_seen(struct connection *connection, struct sock *sk, const struct io *io)
{
    __u64 received = connection->received;

    connection->received = 0;
    if (!received && connection->record.sequence == 0)
        received = connection->established;
    switch (connection->phase) {
    case PHASE_REQUEST:
        if (!(connection->flags & CONNECTION_PARTIAL) || !request_restarts(io)) {
            request_continue(connection, io, received);
            return;
        }
        connection->phase = PHASE_IDLE;
        break;
    case PHASE_EARLY:
        if (io->buffer.readable)
            request_late(connection, sk, io);
        else
            connection_ignore(connection);
        return;
    }
    if (!io->buffer.readable) { // counted once, and its answer is not taken for one without a request
        counter_add(io->buffer.cause, 1);
        exchange_begin(connection, io);
        connection->flags |= CONNECTION_MUTE;
        connection->phase = PHASE_REQUEST;
        return;
    }
    if (boundary_try(connection, sk, io, received)) {
        connection->misses = 0;
    } else if (connection->phase == PHASE_IDLE) {
        boundary_miss(connection);
    } else {
        if (connection->flags & CONNECTION_STASHED)
            request_unstash(connection);
        connection->record.request_bytes += io->buffer.length; // the rest of a body that was answered early
    }
}

static __always_inline void response_bytes_seen(struct connection *connection, struct sock *sk, const struct io *io)
{
    switch (connection->phase) {
    case PHASE_REQUEST:
        if (connection->flags & CONNECTION_PARTIAL && connection->record.sequence <= 1)
            connection_ignore(connection); // answered before it could be a request
        else // a connection that has carried HTTP goes on to, even if this request could not be read whole
            response_start(connection, sk, io);
        return;
    case PHASE_RESPONSE:
        response_continue(connection, sk, io);
        return;
    case PHASE_EARLY:
        response_capture(connection, io);
        response_tail(connection, io);
        return;
    default:
        if (!response_alone(connection, sk, io))
            boundary_miss(connection);
    }
}

// Who asks is the client: on a connection that we did not see begin, the first message that we know tells the roles.
static __always_inline bool role_find(struct connection *connection, const struct io *io, __u32 direction)
{
    union first_bytes first = {};
    int seen = io->buffer.readable ? user_buffer_peek(&io->buffer, &first) : 0;
    bool asks = seen > 0 && http1_request_class_of(&first, seen) != HTTP1_NO;
    bool answers = seen > 0 && !asks && http1_response_class_of(&first, seen) != HTTP1_NO;

    if (!asks && !answers) {
        boundary_miss(connection);
        return false;
    }
    bool serves = asks == (direction == DIRECTION_RECEIVED);
    return role_set(connection, serves ? RECORD_ROLE_SERVER : RECORD_ROLE_CLIENT);
}

static __noinline int connection_moved(struct connection *connection, struct sock *sk, __u32 direction, __u32 n,
                                       void *source)
{
    struct io io;

    if (connection->flags & (CONNECTION_PENDING | CONNECTION_UNOWNED) && !connection_decide(connection, sk)) {
        connection_refuse(connection);
        return 0;
    }
    if (!(connection->flags & CONNECTION_NAMED))
        address_fill(connection, sk);
    io.buffer.length = n;
    io.now = bpf_ktime_get_ns();
    user_buffer_find(&io.buffer, source);
    if (connection->record.role == RECORD_ROLE_UNKNOWN && !role_find(connection, &io, direction))
        return 0;
    if ((direction == DIRECTION_RECEIVED) == (connection->record.role == RECORD_ROLE_SERVER))
        request_bytes_seen(connection, sk, &io);
    else
        response_bytes_seen(connection, sk, &io);
    return 0;
}

static __always_inline void on_io(struct sock *sk, __u32 direction, __u32 n, void *source)
{
    struct connection *connection = connection_find(sk);

    if (!connection)
        connection = connection_adopt(sk);
    if (!connection || connection->flags & (CONNECTION_IGNORED | CONNECTION_LISTENER))
        return;
    connection_lock(connection, PATIENCE_LONG);
    if (!(connection->flags & CONNECTION_IGNORED))
        connection_moved(connection, sk, direction, n, source);
    connection_unlock(connection);
}

// The connection is over: what waits is reported as it is.
static __noinline int connection_end(struct connection *connection, struct sock *sk, int error)
{
    struct http1_record *record = &connection->record;

    if (connection->flags & CONNECTION_LISTENER)
        return 0;
    connection_lock(connection, PATIENCE_SHORT);
    if (connection->flags & CONNECTION_NAMED && !(connection->flags & CONNECTION_IGNORED)) {
        __u64 now = bpf_ktime_get_ns();
        record->socket_error = error;
        record->emitted = now;
        switch (connection->phase) {
        case PHASE_REQUEST:
            if (connection->flags & (CONNECTION_PARTIAL | CONNECTION_MUTE))
                break;
            record->ended = now;
            emit_record(connection, sk, RECORD_KIND_HTTP1, RECORD_FLAG_NO_RESPONSE | RECORD_FLAG_CLOSED, EMIT_CAPTURES);
            break;
        case PHASE_RESPONSE:
            exchange_end(connection, sk, RECORD_FLAG_CLOSED, now);
            break;
        case PHASE_EARLY:
            emit_record(connection, sk, RECORD_KIND_HTTP1, RECORD_FLAG_CLOSED, EMIT_CAPTURES);
            break;
        }
    }
    tail_closed(connection);
    connection_ignore(connection);
    connection->phase = PHASE_IDLE;
    counter_add(COUNTER_CONNECTIONS_CLOSED, 1);
    connection_unlock(connection);
    return 0;
}
