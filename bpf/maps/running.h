// Which hot program is at work on this CPU. Linux 7 runs programs preemptibly, and leaves a run out while another task
// of the CPU was interrupted in the same program: all of them, until that task goes on. The program's spare, another
// one at the same hook, runs after it, sees here that it was left out, and does its work. Only who is interrupted in
// both loses something.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "maps/settings.h"

enum running {
    RUNNING_RECEIVED,
    RUNNING_SENT,
    RUNNING_UNIX_RECEIVED,
    RUNNING_UNIX_SENT,
    RUNNING_CALL,
    RUNNING_MAX,
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, RUNNING_MAX);
    __type(key, __u32);
    __type(value, __u64);
} running SEC(".maps");

// Runs that a spare has done: the kernel counts them as left out.
__u64 spared;

// NULL where programs have no spares.
static __always_inline __u64 *running_begin(enum running which)
{
    if (!cfg_way.spares)
        return (void *)0;
    __u32 key = which;
    __u64 *mine = bpf_map_lookup_elem(&running, &key);
    if (mine)
        *(volatile __u64 *)mine = 1;
    return mine;
}

static __always_inline void running_end(__u64 *mine)
{
    if (mine)
        *(volatile __u64 *)mine = 0;
}

// A kernel that does not need spares is to refuse them: its tracepoints are not guarded by what can be preempted
// (include/linux/tracepoint.h). Only spares ask: whoever may not read modules' types cannot load who asks in vain.
static __always_inline bool spare_wanted(enum running which)
{
    __u32 key = which;

    if (!bpf_core_type_exists(class_srcu_fast_notrace_t))
        asm volatile("r0 = *(u64 *)(r10 + 8)" ::: "r0"); // beyond the stack
    __u64 *mine = bpf_map_lookup_elem(&running, &key);
    if (!mine || !*(volatile __u64 *)mine)
        return false;
    __sync_fetch_and_add(&spared, 1);
    return true;
}
