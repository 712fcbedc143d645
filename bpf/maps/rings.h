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

// Does adding `size` bytes make the fill cross this mark?
static __always_inline bool ring_crosses(__u64 filled, __u32 size, __u64 mark)
{
    return filled < mark && filled + size >= mark;
}

// Copies a record into this CPU's ring; a failure is counted.
static __noinline int ring_write(void *record, __u32 size, __u32 kind)
{
    __u32 index = bpf_get_smp_processor_id() >> cfg_ring_shift;
    void *ring = bpf_map_lookup_elem(&rings, &index);
    if (!ring) {
        counter_add(COUNTER_LOST_RING_FULL, 1);
        return 0;
    }
    __u64 filled = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA), quarter = cfg_ring_size / 4, flags = BPF_RB_NO_WAKEUP;
    if (ring_crosses(filled, size, quarter) || ring_crosses(filled, size, 3 * quarter)) {
        flags = BPF_RB_FORCE_WAKEUP;
        counter_add(COUNTER_WAKE_UPS, 1);
    }
    counter_add(bpf_ringbuf_output(ring, record, size, flags) ? COUNTER_LOST_RING_FULL : kind, 1);
    return 0;
}
