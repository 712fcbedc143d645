// Rings of records for the collector, one per few CPUs. No probe wakes the reader, but when a ring passes 25 %.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "maps/counters.h"
#include "maps/settings.h"

struct record_ring {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 20);
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1); // set by the loader
    __type(key, __u32);
    __array(values, struct record_ring);
} rings SEC(".maps");

// One for all CPUs: takes what finds its ring full, while the collector does not get to run. A ring this large leaves
// the caches, so this one is touched only then.
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 20); // set by the loader
} reserve SEC(".maps");

#define RING_LOOK_EVERY 64 // records of a CPU, then it looks how full the ring is

// Mostly NO_WAKEUP; FORCE_WAKEUP if the ring is filled by a quarter. The reader lags when that happens, so one look
// in a while does.
static __always_inline __u64 ring_flags(void *ring, __u64 records)
{
    if (records % RING_LOOK_EVERY || bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) < cfg_ring_size / 4)
        return BPF_RB_NO_WAKEUP;
    counter_add(COUNTER_WAKE_UPS, 1);
    return BPF_RB_FORCE_WAKEUP;
}

// One size of records. The kernel side's own copy, word by word, takes fewer instructions than a helper's, and so
// does an entry of a known size; what it has more than the record (record->size) is the connection's own head of
// before, or zero.
#define RING_ENTRY(bytes)                                                                                              \
    if (size <= (bytes)) {                                                                                             \
        __u64 *entry = bpf_ringbuf_reserve(ring, bytes, 0);                                                            \
        if (entry) {                                                                                                   \
            _Pragma("unroll") for (__u32 i = 0; i < (bytes) / 8; i++) entry[i] = words[i];                             \
            bpf_ringbuf_submit(entry, flags);                                                                          \
        }                                                                                                              \
        return entry != (void *)0;                                                                                     \
    }

static __always_inline bool ring_copy(void *ring, const __u64 *words, __u64 size, __u64 flags)
{
    RING_ENTRY(256)
    RING_ENTRY(320)
    RING_ENTRY(384)
    RING_ENTRY(512)
    return bpf_ringbuf_output(ring, (void *)words, size, flags) == 0;
}

static __noinline int reserve_write(void *record, __u64 size)
{
    return bpf_ringbuf_output(&reserve, record, size, BPF_RB_NO_WAKEUP) == 0; // the reader was woken long before
}

// Copies a record, in a buffer of 512 bytes or more, into this CPU's ring; a failure is counted.
static __always_inline void ring_put(void *record, __u64 size, __u32 kind)
{
    __u32 cpu = bpf_get_smp_processor_id(), index = cpu >> cfg_ring_shift;
    struct counters *mine = bpf_map_lookup_elem(&counters, &cpu);

    if (!mine)
        return; // as in counters_here
    __u64 *count = &mine->value[kind % 32];
    void *ring = bpf_map_lookup_elem(&rings, &index);
    bool written = ring && ring_copy(ring, record, size, ring_flags(ring, *count));
    if (!written && !reserve_write(record, size))
        count = &mine->value[COUNTER_LOST_RING_FULL];
    __sync_fetch_and_add(count, 1);
}

static __noinline int ring_write(void *record, __u64 size, __u32 kind)
{
    ring_put(record, size, kind);
    return 0;
}
