// When a segment with payload reaches an established TCP socket (net/ipv4/tcp_input.c: tcp_rcv_established). The
// first one since the last read is the arrival of what the next read returns. Not for sockio-tp, which has data_ready.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "maps/connections.h"

#define TCP_HEADER_MIN 20
#define TCP_HEADER_MAX 60

SEC("?tp_btf/tcp_probe")
int BPF_PROG(segment_arrived, struct sock *sk, struct sk_buff *skb)
{
    __u32 length = skb->len; // counts the TCP header
    if (length <= TCP_HEADER_MIN)
        return 0;
    struct connection *connection = connection_find(sk);
    if (!connection || connection->received || connection->flags & CONNECTION_IGNORED)
        return 0;
    if (length <= TCP_HEADER_MAX) {
        __u8 offset = 0; // data offset, RFC 9293 3.1
        bpf_probe_read_kernel(&offset, 1, skb->data + 12);
        if (length <= (offset >> 4) * 4u)
            return 0;
    }
    connection->received = bpf_ktime_get_ns();
    return 0;
}
