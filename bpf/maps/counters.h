// Counters per CPU, in an array that can be mapped (common/abi/counters.h).
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "common/abi/counters.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1); // possible CPUs, set by the loader
    __type(key, __u32);
    __type(value, struct counters);
} counters SEC(".maps");

// Runs of our programs that the kernel left out, of all CPUs: it alone counts them, the loader asks it and writes
// them here.
__u64 skipped;

// NULL only of a CPU that the kernel had not called possible.
static __always_inline struct counters *counters_here(void)
{
    __u32 cpu = bpf_get_smp_processor_id();
    return bpf_map_lookup_elem(&counters, &cpu);
}

static __always_inline void counter_add(enum counter which, __s64 n)
{
    struct counters *mine = counters_here();
    if (mine)
        __sync_fetch_and_add(&mine->value[which % 32], n); // atomic: a soft interrupt may count on top of us
}

// The counters are frozen: only programs write them.
static __always_inline void skipped_tell(void)
{
    __u32 first = 0; // the sum over all CPUs is what counts
    struct counters *counters_first = bpf_map_lookup_elem(&counters, &first);
    if (counters_first)
        counters_first->value[COUNTER_LOST_PROBE_SKIPPED] = *(volatile __u64 *)&skipped;
}
