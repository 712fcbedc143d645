// Who talks to whom: a connection's facts, written into its record once.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "maps/connections.h"

static __always_inline void address_fill(struct connection *connection, struct sock *sk)
{
    struct http1_record *record = &connection->record;
    __u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

    connection->flags |= CONNECTION_NAMED;
    record->family = family;
    record->connection = bpf_ktime_get_ns() << 8 | (bpf_get_smp_processor_id() & 0xff);
    record->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
    record->local_port = 0;
    record->remote_port = 0;
    if (family == AF_UNIX)
        return;
    record->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
    record->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
    if (family == AF_INET) {
        *(__u32 *)record->local_address = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
        *(__u32 *)record->remote_address = BPF_CORE_READ(sk, __sk_common.skc_daddr);
    } else {
        bpf_core_read(record->local_address, 16, &sk->__sk_common.skc_v6_rcv_saddr);
        bpf_core_read(record->remote_address, 16, &sk->__sk_common.skc_v6_daddr);
    }
}

// The path of a bound Unix socket to `to` (UNIX_PATH_CAPTURE bytes); returns its length. Abstract names start with '@'.
static __always_inline __u32 unix_path_read(struct sock *sk, __u8 *to)
{
    struct unix_sock *unix_sk = (struct unix_sock *)sk;
    struct unix_address *address = BPF_CORE_READ(unix_sk, addr);
    if (!address)
        return 0;
    int length = BPF_CORE_READ(address, len) - (int)sizeof(__u16);
    if (length <= 0 || length > UNIX_PATH_CAPTURE)
        return 0;
    __u32 n = length;
    if (n > UNIX_PATH_CAPTURE ||
        bpf_probe_read_kernel(to, n,
                              (char *)address + bpf_core_field_offset(struct unix_address, name) + sizeof(__u16)))
        return 0;
    if (!to[0])
        to[0] = '@';
    else if (!to[n - 1])
        n--; // a path counts its NUL
    return n;
}

static __always_inline struct sock *unix_peer(struct sock *sk)
{
    return BPF_CORE_READ((struct unix_sock *)sk, peer);
}

static __always_inline bool unix_bound(struct sock *sk)
{
    return BPF_CORE_READ((struct unix_sock *)sk, addr) != (void *)0;
}
