// Variant sockio-fentry: the functions of TCP and Unix streams that move bytes, at their end. They are called for
// io_uring and for senders in the kernel too. Two signatures have changed: that of tcp_recvmsg with 5.19 (no more
// `nonblock`; how many arguments it has we do not count since: bpf_get_func_ret), and the one for pages, which ends
// with 6.5. Spares (maps/running.h) stand before their programs: who is attached last to a function's end runs first.
#pragma once
#include "hooks/sockio.h"
#include "maps/running.h"

// One of each for all programs: the object stays small.
static __noinline int message_sent(struct sock *sk, struct msghdr *message, int result)
{
    return sock_sent_by(sk, result, message);
}

static __noinline int message_received(struct sock *sk, struct msghdr *message, int result, int flags)
{
    return sock_received_by(sk, result, flags, message);
}

SEC("?fexit/tcp_sendmsg")
int BPF_PROG(tcp_sent_spare, struct sock *sk, struct msghdr *message, unsigned long size, int result)
{
    return spare_wanted(RUNNING_SENT) ? message_sent(sk, message, result) : 0;
}

SEC("?fexit/tcp_sendmsg")
int BPF_PROG(tcp_sent, struct sock *sk, struct msghdr *message, unsigned long size, int result)
{
    __u64 *running = running_begin(RUNNING_SENT);
    message_sent(sk, message, result);
    running_end(running);
    return 0;
}

// What a read discards is not in its buffer; errors and their packets are no bytes of the stream.
static __always_inline int tcp_received_by(struct sock *sk, int result, int flags, struct msghdr *message)
{
    if (flags & MSG_ERRQUEUE)
        return 0;
    return message_received(sk, flags & MSG_TRUNC ? (void *)0 : message, result, flags);
}

SEC("?fexit/tcp_recvmsg")
int BPF_PROG(tcp_received_spare, struct sock *sk, struct msghdr *message, unsigned long size, int flags)
{
    __u64 result = 0;

    bpf_get_func_ret(ctx, &result);
    return spare_wanted(RUNNING_RECEIVED) ? tcp_received_by(sk, result, flags, message) : 0;
}

SEC("?fexit/tcp_recvmsg")
int BPF_PROG(tcp_received, struct sock *sk, struct msghdr *message, unsigned long size, int flags)
{
    __u64 *running = running_begin(RUNNING_RECEIVED), result = 0;

    bpf_get_func_ret(ctx, &result);
    tcp_received_by(sk, result, flags, message);
    running_end(running);
    return 0;
}

SEC("?fexit/tcp_recvmsg")
int BPF_PROG(tcp_received_18, struct sock *sk, struct msghdr *message, unsigned long size, int nonblock, int flags,
             int *address_size, int result)
{
    return tcp_received_by(sk, result, flags, message);
}

SEC("?fexit/tcp_sendpage")
int BPF_PROG(tcp_paged, struct sock *sk, void *page, int offset, unsigned long size, int flags, int result)
{
    return message_sent(sk, (void *)0, result);
}

SEC("?fexit/unix_stream_sendmsg")
int BPF_PROG(unix_sent_spare, struct socket *socket, struct msghdr *message, unsigned long size, int result)
{
    return spare_wanted(RUNNING_UNIX_SENT) ? message_sent(socket->sk, message, result) : 0;
}

SEC("?fexit/unix_stream_sendmsg")
int BPF_PROG(unix_sent, struct socket *socket, struct msghdr *message, unsigned long size, int result)
{
    __u64 *running = running_begin(RUNNING_UNIX_SENT);
    message_sent(socket->sk, message, result);
    running_end(running);
    return 0;
}

SEC("?fexit/unix_stream_recvmsg")
int BPF_PROG(unix_received_spare, struct socket *socket, struct msghdr *message, unsigned long size, int flags,
             int result)
{
    return spare_wanted(RUNNING_UNIX_RECEIVED) ? message_received(socket->sk, message, result, flags) : 0;
}

SEC("?fexit/unix_stream_recvmsg")
int BPF_PROG(unix_received, struct socket *socket, struct msghdr *message, unsigned long size, int flags, int result)
{
    __u64 *running = running_begin(RUNNING_UNIX_RECEIVED);
    message_received(socket->sk, message, result, flags);
    running_end(running);
    return 0;
}
