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
