// Variant sockio-tp: the tracepoints that carry the socket and the result (kernel >= 6.3, net/socket.c): TCP and Unix
// streams, one program run a call, no entry hook.
#pragma once
#include "hooks/sockio.h"

SEC("?tp_btf/sock_recv_length")
int BPF_PROG(sock_received, struct sock *sk, int result, int flags)
{
    return sock_received_by(sk, result, flags, (void *)0);
}

SEC("?tp_btf/sock_send_length")
int BPF_PROG(sock_sent, struct sock *sk, int result, int flags)
{
    return sock_sent_by(sk, result, (void *)0);
}
