// Which processes are observed: a byte of enum target_flag per pid. The loader maps it and writes; it never leaves the loader.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "common/abi/event.h"

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1); // pid_max / 8, set by the loader: eight processes an element, as elements are 8 bytes anyway
    __type(key, __u32);
    __type(value, __u8[8]);
} targets SEC(".maps");

// NULL for a pid beyond pid_max.
static __always_inline __u8 *target_of(__u32 pid)
{
    __u32 key = pid >> 3;
    __u8 *eight = bpf_map_lookup_elem(&targets, &key);
    return eight ? eight + (pid & 7) : (void *)0;
}

static __always_inline __u8 target_flags(__u32 pid)
{
    __u8 *target = target_of(pid);
    return target ? *target : 0;
}
