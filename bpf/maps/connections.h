// A connection's state lives in its socket's storage: it dies with the socket, so there is no fd reuse, no table to
// fill and no leak. With BPF_F_CLONE the storage of a listening socket is copied to each connection at the handshake,
// before accept(). Where that is not to be had (cfg_way.hashed) the loader makes the map a hash by the socket's
// address, and hooks/state.h copies and deletes.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "common/abi/record.h"
#include "maps/lock.h"
#include "maps/settings.h"

// A copy into `data` starts at 488 or before and is no longer than 256, so that the verifier needs no relation
// between the two. (512 would push the storage out of the kernel's 1 KiB slab.)
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
    CONNECTION_NAMED = 1 << 10,   // addresses are filled in
    CONNECTION_STASHED = 1 << 11, // see stash
    CONNECTION_UNOWNED = 1 << 12, // Unix: the peer sent before accept(); selected at its first own call
    CONNECTION_BULK = 1 << 13,    // the last read of the request returned more than one byte
    CONNECTION_REFUSED = 1 << 14, // ignored because it is not selected, which may change
};

struct connection {
    __u64 received;    // when the oldest byte not yet read arrived; 0: none
    __u64 established; // handshake done
    __u32 owner;       // pid that listened, connected or first used it
    __u32 busy;        // a CPU is at work on this connection; see connection_lock
    union {
        struct {
            __u16 flags; // enum connection_flag
            __u8 phase;
            __u8 steady; // role, of TCP, from the first exchange on: io/steady.h may do the next ones
        };
        __u32 state; // all three in one load, see CONNECTION_STATE
    };
    __u8 misses; // reads at a boundary that were no request
    __u8 stash;  // Go reads one byte ahead while the answer is still being written: that byte, and when it arrived
    __u64 stash_received;
    // The record in the making, laid out as it goes into the ring.
    struct http1_record record;
    __u8 data[CAPTURE_START_MAX + HEAD_CAPTURE_MAX];
};

#define CONNECTION_STATE(flags, phase, steady) ((__u32)(flags) | (__u32)(phase) << 16 | (__u32)(steady) << 24)

struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
    __type(key, int);
    __type(value, struct connection);
} connections SEC(".maps");

// Of a hash. A listener's entry is that of its port: no pointer is that small.
static __always_inline __u64 connection_key(struct sock *sk, bool listens)
{
    if (!listens)
        return (__u64)sk;
    return (__u64)BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum) << 16 | BPF_CORE_READ(sk, __sk_common.skc_num);
}

// Most sockets of a host have no storage at all: one load tells, without a helper.
static __always_inline struct connection *connection_find(struct sock *sk)
{
    if (cfg_way.hashed) {
        __u64 key = connection_key(sk, false);
        return bpf_map_lookup_elem(&connections, &key);
    }
    if (!sk->sk_bpf_storage)
        return (void *)0;
    return bpf_sk_storage_get(&connections, sk, (void *)0, 0);
}

static __always_inline struct connection *listener_find(struct sock *sk)
{
    __u64 key = connection_key(sk, true);
    return cfg_way.hashed ? bpf_map_lookup_elem(&connections, &key) : connection_find(sk);
}

const __u64 connection_blank[sizeof(struct connection) / 8] = {};

// The one that is there, or a blank one; NULL if there is no memory.
static __always_inline struct connection *connection_create(struct sock *sk, bool listens)
{
    if (!cfg_way.hashed)
        return bpf_sk_storage_get(&connections, sk, (void *)0, BPF_SK_STORAGE_GET_F_CREATE);
    __u64 key = connection_key(sk, listens);
    bpf_map_update_elem(&connections, &key, &connection_blank, BPF_NOEXIST);
    return bpf_map_lookup_elem(&connections, &key);
}

// Of a hash: what BPF_F_CLONE does, and the socket's end. Whatever was known of the address is another's.
static __always_inline struct connection *connection_inherit(struct sock *sk)
{
    __u64 key = connection_key(sk, false);
    struct connection *listener = listener_find(sk);
    if (listener)
        bpf_map_update_elem(&connections, &key, listener, BPF_ANY);
    return bpf_map_lookup_elem(&connections, &key);
}

static __always_inline void connection_forget(struct sock *sk)
{
    __u64 key = connection_key(sk, false);
    bpf_map_delete_elem(&connections, &key);
}

// Listeners of one port share an entry: it is the last one's, which made it its own.
static __always_inline void listener_forget(struct sock *sk, __u32 pid)
{
    __u64 key = connection_key(sk, true);
    struct connection *listener = bpf_map_lookup_elem(&connections, &key);
    if (listener && listener->owner == pid)
        bpf_map_delete_elem(&connections, &key);
}

// Two threads may use one connection at the same time (Go reads ahead while it writes): their events are handled one
// after the other. Nobody holds it for more than a microsecond or two, unless its processor is taken away or has
// interrupts to serve (some 0.3 ms were seen).
SUBPROGRAM int connection_wait(__u32 *busy)
{
    if (!busy)
        return 0;
    return lock_round(busy, cfg_way.inlined ? LOCK_LOOKS_FEW : LOCK_LOOKS);
}

static __always_inline void connection_lock(struct connection *connection, enum patience rounds)
{
    if (lock_try(&connection->busy))
        return;
    barrier_var(connection); // or the compiler keeps the address of `busy`, on the stack, until the unlock
#pragma nounroll
    for (__u32 i = 0; i < (cfg_way.inlined ? 1 : rounds); i++)
        if (connection_wait(&connection->busy))
            return;
    lock_pass(&connection->busy);
}

static __always_inline void connection_unlock(struct connection *connection)
{
    barrier_var(connection);
    lock_release(&connection->busy);
}
