// A connection's state lives in its socket's storage: it dies with the socket, so there is no fd reuse, no table to fill and no
// leak. With BPF_F_CLONE the storage of a listening socket is copied to each connection at the handshake, before accept().
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "common/abi/record.h"

// A copy into `data` starts at 488 or before and is no longer than 256, so that the verifier needs no relation between the two.
// (512 would push the storage out of the kernel's 1 KiB slab.)
#define CAPTURE_START_MAX 488

#define MISSES_MAX 64 // boundaries without a message before a connection is given up

enum connection_phase {
    PHASE_IDLE,     // between exchanges
    PHASE_REQUEST,  // a request (or its beginning) has come, no final status line yet
    PHASE_RESPONSE, // the record is out; the response may go on
    PHASE_EARLY,    // client: the answer was seen before the call that sent the request had returned (other thread)
};

enum connection_flag {
    CONNECTION_IGNORED = 1 << 0,     // not HTTP, or refused: costs one look-up from now on
    CONNECTION_PENDING = 1 << 1,     // made by a process the loader has not decided on
    CONNECTION_CLIENT_ONLY = 1 << 2, // if it turns out to be a server's, ignore it
    CONNECTION_MIDSTREAM = 1 << 3,   // was open before we were: what comes first may be the middle of something
    CONNECTION_PARTIAL = 1 << 4,     // the request is only classified as "could become one"
    CONNECTION_TUNNEL = 1 << 5,      // the request is a CONNECT
    CONNECTION_GREW = 1 << 6,        // the response went on after its record
    CONNECTION_MUTE = 1 << 7,        // this exchange has no record: a head could not be read
    CONNECTION_CLOBBERED = 1 << 8,   // the captures were overwritten: later records go without them
    CONNECTION_LISTENER = 1 << 9,
    CONNECTION_NAMED = 1 << 10,      // addresses are filled in
    CONNECTION_STASHED = 1 << 11,    // see stash
    CONNECTION_UNOWNED = 1 << 12,    // Unix: the peer sent before accept(); selected at its first own call
    CONNECTION_BULK = 1 << 13,       // the last read of the request returned more than one byte
    CONNECTION_REFUSED = 1 << 14,    // ignored because it is not selected, which may change
};

struct connection {
    __u64 received;    // when the oldest byte not yet read arrived; 0: none
    __u64 established; // handshake done
    __u32 owner;       // pid that listened, connected or first used it
    __u16 flags;       // enum connection_flag
    __u8 phase, misses; // misses: reads at a boundary that were no request
    __u8 stash;        // Go reads one byte ahead while the answer is still being written: that byte, and when it arrived
    __u32 busy;        // a CPU is at work on this connection; see connection_lock
    __u64 stash_received;
    // The record in the making, laid out as it goes into the ring.
    struct http1_record record;
    __u8 data[CAPTURE_START_MAX + HEAD_CAPTURE_MAX];
};

struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
    __type(key, int);
    __type(value, struct connection);
} connections SEC(".maps");

__u64 connection_last_id; // in .bss

// Most sockets of a host have no storage at all: one load tells, without a helper.
static __always_inline struct connection *connection_find(struct sock *sk)
{
    if (!sk->sk_bpf_storage)
        return (void *)0;
    return bpf_sk_storage_get(&connections, sk, (void *)0, 0);
}

#define LOCK_SPINS_MAX 4096

// Two threads may use one connection at the same time (Go reads ahead while it writes): their events are handled one after the
// other. No BPF spin lock, as helpers are called inside; nobody holds it for more than a microsecond or two, and after a bounded
// wait we go on without: a wrong exchange is better than a stalled service.
SUBPROGRAM int connection_lock(__u32 *busy)
{
    if (!busy)
        return 0;
    for (__u32 i = 0; i < LOCK_SPINS_MAX; i++)
        if (__sync_val_compare_and_swap(busy, 0, 1) == 0)
            return 1;
    return 0;
}

static __always_inline void connection_unlock(struct connection *connection)
{
    __sync_lock_test_and_set(&connection->busy, 0);
}
