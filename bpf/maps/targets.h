// Which processes are observed, and by which rules: struct target of each pid, and the policy. The loader maps both
// and writes; they never leave the loader.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "maps/unobserved.h"

#define TARGETS_PER_ELEMENT 4 // elements are 8 bytes anyway

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1); // pid_max / TARGETS_PER_ELEMENT, set by the loader
    __type(key, __u32);
    __type(value, struct target[TARGETS_PER_ELEMENT]);
} targets SEC(".maps");

struct policy policy
    __attribute__((aligned(64))); // settled: 0, so everything is pending until the loader has said what is selected

// NULL for a pid beyond pid_max.
static __always_inline struct target *target_of(__u32 pid)
{
    __u32 key = pid / TARGETS_PER_ELEMENT;
    struct target *some = bpf_map_lookup_elem(&targets, &key);
    return some ? some + (pid & (TARGETS_PER_ELEMENT - 1)) : (void *)0;
}

static __always_inline __u8 policy_pending(void)
{
    return ~*(volatile __u8 *)&policy.settled & TARGET_PENDING;
}

// By value; PENDING while rules are being replaced.
static __always_inline struct target target_read(__u32 pid)
{
    struct target *target = target_of(pid), none = {}, copy = target ? *target : none;

    copy.flags |= policy_pending();
    return copy;
}

static __always_inline __u8 target_flags(__u32 pid)
{
    return target_read(pid).flags;
}

// Is nothing of the current process observed, nor of those beside it? Then a socket without state stays so. All reads
// of a host come to ask this: the targets of an element are one load, and so is what is looked at in them.
static __always_inline bool task_unselected(void)
{
    __u32 key = (__u32)bpf_get_current_task_btf()->tgid / TARGETS_PER_ELEMENT;
    const __u64 *four = bpf_map_lookup_elem(&targets, &key);
    const struct policy *now; // loaded here: the compiler would keep it in a register over the calls, to be saved
    asm volatile("%0 = policy ll" : "=r"(now));
    __u64 settled = *(volatile const __u64 *)&now->settled;

    return four && unobserved(settled, *four);
}

// Does a rule name this port? Whoever serves it may be observed, also where the listener was not seen (Go's from before
// us, which are MPTCP's: who speaks TCP alone is accepted as TCP).
static __always_inline bool port_named(__u16 port)
{
    return policy.ports[port];
}

// The rules by which the port is this process's, or would be if none of them excluded.
static __always_inline __u8 port_rules(struct target target, __u16 port)
{
    return (target.rules | policy.open) & policy.ports[port];
}

static __always_inline bool port_excluded(struct target target, __u16 port)
{
    return port_rules(target, port) & policy.excluding;
}

// Does a rule with ports select it?
static __always_inline bool port_selected(struct target target, __u16 port)
{
    __u8 rules = port_rules(target, port);
    return rules && !(rules & policy.excluding) && !(target.flags & TARGET_EXCLUDED);
}

// Is what this process serves on the port (0: a Unix socket) observed?
static __always_inline bool target_serves(struct target target, __u16 port)
{
    return port_selected(target, port) || (target.flags & TARGET_SERVER && !port_excluded(target, port));
}
