// Variant sockio-tp: the tracepoints that carry the socket and the result (kernel >= 6.3, net/socket.c and
// net/core/sock.c): TCP and Unix streams, one program run a call, no entry hook. Every socket call of the host comes
// by, so a program ends at once where a socket has no state, and saves few registers until then: the rest is in
// functions of its own. Where programs can be preempted, each has a spare (maps/running.h).
#pragma once
#include "hooks/sockio.h"
#include "io/steady.h"
#include "maps/running.h"

// A socket without state: is it as little of interest as most? A TCP connection is met when it is read (a server's
// first call, or a client's answer), by its port or by who reads.
static __always_inline bool sock_of_nobody(struct sock *sk)
{
    return (sk->__sk_common.skc_family == AF_UNIX || !port_named(sk->__sk_common.skc_num)) && task_unselected();
}

static __noinline int tp_received(__u64 *context)
{
    return sock_received_by((struct sock *)context[0], context[1], context[2], (void *)0);
}

static __noinline int tp_sent(__u64 *context)
{
    return sock_sent_by((struct sock *)context[0], context[1], (void *)0);
}

static __noinline int tp_received_marked(__u64 *context)
{
    __u64 *running = running_begin(RUNNING_RECEIVED);

    if (!steady_received(context))
        tp_received(context);
    running_end(running);
    return 0;
}

static __noinline int tp_sent_marked(__u64 *context)
{
    __u64 *running = running_begin(RUNNING_SENT);

    if (!steady_sent(context))
        tp_sent(context);
    running_end(running);
    return 0;
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(sock_received, struct sock *sk, int result, int flags)
{
    if (!sk->sk_bpf_storage && sock_of_nobody(sk))
        return 0;
    if (cfg_way.spares)
        return tp_received_marked(ctx);
    return steady_received(ctx) ? 0 : tp_received(ctx);
}

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(sock_received_spare, struct sock *sk, int result, int flags)
{
    return !spare_wanted(RUNNING_RECEIVED) || steady_received(ctx) ? 0 : tp_received(ctx);
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(sock_sent, struct sock *sk, int result, int flags)
{
    if (!sk->sk_bpf_storage && sk->__sk_common.skc_family != AF_UNIX)
        return 0;
    if (cfg_way.spares)
        return tp_sent_marked(ctx);
    return steady_sent(ctx) ? 0 : tp_sent(ctx);
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(sock_sent_spare, struct sock *sk, int result, int flags)
{
    return !spare_wanted(RUNNING_SENT) || steady_sent(ctx) ? 0 : tp_sent(ctx);
}

// Bytes can be read: the first time since the last read it is the arrival of what the next one returns. In place of
// tcp_probe (hooks/arrival.h): not called for mere acknowledgements, and behind the kernel's own look at the clock.
SEC("?tp_btf/sk_data_ready")
int BPF_PROG(data_ready, struct sock *sk)
{
    if (!sk->sk_bpf_storage)
        return 0;
    struct connection *connection = bpf_sk_storage_get(&connections, sk, (void *)0, 0);
    if (!connection || connection->received || connection->flags & (CONNECTION_IGNORED | CONNECTION_LISTENER))
        return 0;
    connection->received = tcp_clock(sk); // of Unix sockets the sender tells, see unix_arrival
    return 0;
}
