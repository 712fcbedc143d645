// Variant sockio-tp: the tracepoints that carry the socket and the result (kernel >= 6.3, net/socket.c and
// net/core/sock.c): TCP and Unix streams, one program run a call, no entry hook. Every socket call of the host comes
// by, so a program ends at once where a socket has no state, and saves few registers until then: the rest is in
// functions of its own. Where programs can be preempted, each has a spare (maps/running.h).
#pragma once
#include "hooks/sockio.h"
#include "io/steady.h"
#include "maps/running.h"

static __always_inline struct sock *sock_of(const __u64 *context)
{
    return (struct sock *)context[0];
}

static __noinline int tp_received_rare(__u64 *context)
{
    return sock_received_by(sock_of(context), context[1], context[2], (void *)0);
}

static __noinline int tp_sent_rare(__u64 *context)
{
    return sock_sent_by(sock_of(context), context[1], (void *)0);
}

static __always_inline int tp_received(__u64 *context)
{
    __u64 *left = steady_received(context);
    return left ? tp_received_rare(left) : 0;
}

static __always_inline int tp_sent(__u64 *context)
{
    __u64 *left = steady_sent(context);
    return left ? tp_sent_rare(left) : 0;
}

// A socket without state is as little of interest as most, unless its port is named or who reads may be observed: a TCP
// connection is met when it is read (a server's first call, or a client's answer). Other sockets have port 0, which no
// rule names.
SEC("?tp_btf/sock_recv_length")
int BPF_PROG(sock_received, struct sock *sk, int result, int flags)
{
    __u64 *volatile kept = ctx; // on the stack: a register of its own would be saved and restored at each call

    if (!sk->sk_bpf_storage && !port_named(sk->__sk_common.skc_num) && task_unselected())
        return 0;
    if (!cfg_way.spares)
        return tp_received(kept);
    __u64 *running = running_begin(RUNNING_RECEIVED);
    tp_received(kept);
    running_end(running);
    return 0;
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(sock_received_spare, struct sock *sk, int result, int flags)
{
    return spare_wanted(RUNNING_RECEIVED) ? tp_received(ctx) : 0;
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(sock_sent, struct sock *sk, int result, int flags)
{
    if (!sk->sk_bpf_storage && sk->__sk_common.skc_family != AF_UNIX)
        return 0;
    if (!cfg_way.spares)
        return tp_sent(ctx);
    __u64 *volatile kept = ctx;
    __u64 *running = running_begin(RUNNING_SENT);
    tp_sent(kept);
    running_end(running);
    return 0;
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(sock_sent_spare, struct sock *sk, int result, int flags)
{
    return spare_wanted(RUNNING_SENT) ? tp_sent(ctx) : 0;
}

// Bytes can be read: the first time since the last read it is the arrival of what the next one returns. In place of
// tcp_probe (hooks/arrival.h): not called for mere acknowledgements, and behind the kernel's own look at the clock.
SEC("?tp_btf/sk_data_ready")
int BPF_PROG(data_ready, struct sock *sk)
{
    if (!sk->sk_bpf_storage)
        return 0;
    struct sock *volatile kept = sk; // as above
    struct connection *connection = bpf_sk_storage_get(&connections, sk, (void *)0, 0);
    if (!connection || connection->received || connection->flags & (CONNECTION_IGNORED | CONNECTION_LISTENER))
        return 0;
    struct connection *volatile kept_connection = connection;
    __u64 now = tcp_clock(kept); // of Unix sockets the sender tells, see unix_arrival
    kept_connection->received = now;
    return 0;
}
