// Socket I/O, whatever hook saw it: what a call that moved bytes means for the socket. Unix streams have no
// tracepoints of their own: the peer's calls tell when bytes arrived and that the connection was closed.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "io/on_io.h"

// Does an observed process listen where this client's end is connected? The client's peer is who called listen(2).
static __always_inline bool unix_server_observed(struct sock *client)
{
    __u32 pid = BPF_CORE_READ(client, sk_peer_pid, numbers[0].nr);
    return target_flags(pid) & (TARGET_SERVER | TARGET_PENDING);
}

// A byte reached the other end of a Unix stream: that is its arrival. Until its first read the server's end has no
// state; before accept() it may be anyone's.
static __noinline int unix_arrival(struct sock *sk)
{
    struct unix_sock *mine = bpf_skc_to_unix_sock(sk);
    if (!mine)
        return 0;
    struct sock *peer = mine->peer;
    if (!peer)
        return 0;
    struct connection *connection = bpf_sk_storage_get(&connections, peer, (void *)0, 0);
    if (!connection) {
        if (target_flags(bpf_get_current_pid_tgid() >> 32) & TARGET_OWN) { // what redstart sends is not shown
            connection_make(peer, CONNECTION_IGNORED);
            return 0;
        }
        if (!unix_bound(peer) || BPF_CORE_READ(peer, sk_type) != SOCK_STREAM)
            return 0;
        bool accepted = BPF_CORE_READ(peer, sk_socket);
        if (accepted && !unix_server_observed(sk))
            return 0;
        // One that was accepted is maybe older than we are.
        connection = connection_make(peer, CONNECTION_UNOWNED | (accepted ? CONNECTION_MIDSTREAM : 0));
        if (!connection)
            return 0;
        counter_add(COUNTER_CONNECTIONS_OPENED, 1);
    }
    if (!connection->received)
        connection->received = bpf_ktime_get_ns();
    return 0;
}

// No tracepoint tells that a Unix stream was closed; the end that still reads sees it.
static __noinline int unix_closed(struct sock *sk)
{
    struct unix_sock *mine = bpf_skc_to_unix_sock(sk);
    if (!mine || sk->sk_shutdown != SHUTDOWN_MASK)
        return 0; // only half of it is shut
    struct connection *connection = bpf_sk_storage_get(&connections, sk, (void *)0, 0);
    if (connection)
        connection_end(connection, sk, 0);
    struct sock *peer = mine->peer;
    if (!peer)
        return 0;
    connection = bpf_sk_storage_get(&connections, peer, (void *)0, 0);
    if (connection)
        connection_end(connection, peer, 0);
    return 0;
}

// A call returned what it read or sent, or an error; `source` is where its buffer is found (enum sockio).
static __always_inline int sock_received_by(struct sock *sk, int result, int flags, void *source)
{
    if (result > 0 && !(flags & MSG_PEEK))
        on_io(sk, DIRECTION_RECEIVED, result, source);
    else if ((result == 0 || result == -ECONNRESET) && is_unix(sk))
        unix_closed(sk);
    return 0;
}

static __always_inline int sock_sent_by(struct sock *sk, int result, void *source)
{
    if (result <= 0)
        return 0;
    if (is_unix(sk))
        unix_arrival(sk);
    on_io(sk, DIRECTION_SENT, result, source);
    return 0;
}
