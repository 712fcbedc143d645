// A TCP connection's own clock: the kernel reads the time whenever a segment comes or goes (tcp_mstamp_refresh, since
// 4.20) and keeps it, in nanoseconds of the clock that bpf_ktime_get_ns reads. To load it costs half of a call.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

// When the last segment came or went: while data_ready runs, the arrival of what is ready. 0: that is no TCP socket.
static __always_inline __u64 tcp_clock(struct sock *sk)
{
    const struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
    return tcp ? tcp->tcp_clock_cache : 0;
}

// When the bytes that a call has just handed over went: unless some wait (for the window, or to be joined by more)
// that is since they were handed over.
static __always_inline __u64 tcp_sent_at(struct sock *sk)
{
    return sk->sk_write_queue.qlen ? bpf_ktime_get_ns() : tcp_clock(sk);
}
