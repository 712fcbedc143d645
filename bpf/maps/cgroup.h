// The path of a task's cgroup, from the kernel's own names: of version 2 if it is not in the root there, else of
// version 1's pids or memory hierarchy, in which systemd and container runtimes use the same paths.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "common/abi/event.h"

#define CGROUP_DEPTH_MAX 12
#define CGROUP_NAME_MAX  128 // longer names are cut

static __always_inline struct cgroup *cgroup_of_subsystem(struct css_set *set, int index)
{
    struct cgroup_subsys_state *state = (void *)0;

    bpf_core_read(&state, sizeof state, (void *)set + bpf_core_field_offset(set->subsys) + index * sizeof state);
    return BPF_CORE_READ(state, cgroup);
}

static __always_inline struct cgroup *cgroup_of(struct task_struct *task)
{
    struct css_set *set = BPF_CORE_READ(task, cgroups);
    struct cgroup *cgroup = BPF_CORE_READ(set, dfl_cgrp);

    if (BPF_CORE_READ(cgroup, level) == 0 && bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
        cgroup = cgroup_of_subsystem(set, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
    if (BPF_CORE_READ(cgroup, level) == 0 && bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
        cgroup = cgroup_of_subsystem(set, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
    return cgroup;
}

// Not inlined: out of a loop the compiler takes both fields' places, and a kernel that has only one of them refuses
// the other.
static __noinline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
    if (bpf_core_field_exists(node->__parent))
        return BPF_CORE_READ(node, __parent);
    return BPF_CORE_READ((struct kernfs_node___parent *)node, parent);
}

// to: EVENT_CGROUP_MAX bytes. A path that is too long or too deep loses its end.
static __noinline int cgroup_copy(char *to, struct task_struct *task)
{
    struct kernfs_node *node = BPF_CORE_READ(cgroup_of(task), kn), *name[CGROUP_DEPTH_MAX];
    __u32 at = 0;

    for (int i = 0; i < CGROUP_DEPTH_MAX; i++) {
        struct kernfs_node *parent = node ? kernfs_parent(node) : node;
        name[i] = parent ? node : (void *)0; // the root has no name
        node = parent;
    }
    for (int i = CGROUP_DEPTH_MAX - 1; i >= 0; i--) {
        if (!name[i])
            continue;
        if (at > EVENT_CGROUP_MAX - CGROUP_NAME_MAX - 1)
            break;
        to[at] = '/';
        long n = bpf_probe_read_kernel_str(&to[at + 1], CGROUP_NAME_MAX, BPF_CORE_READ(name[i], name));
        if (n <= 0 || n > CGROUP_NAME_MAX)
            break;
        at += n;
    }
    if (at == 0)
        to[at++] = '/';
    if (at < EVENT_CGROUP_MAX)
        to[at] = 0;
    return 0;
}
