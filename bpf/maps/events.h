// Process events for the loader, in a ring of their own (the collector never sees it). Rare, so each wakes the loader.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "common/abi/event.h"
#include "maps/cgroup.h"
#include "maps/counters.h"
#include "maps/targets.h"

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 1 << 18);
} events SEC(".maps");

// The first EVENT_SHORT bytes.
static __always_inline void event_fill(struct process_event *event, enum event_kind kind, struct task_struct *task)
{
    event->kind = kind;
    event->pid = BPF_CORE_READ(task, tgid);
    event->parent_pid = BPF_CORE_READ(task, real_parent, tgid);
    event->start = BPF_CORE_READ(task, group_leader, start_boottime);
    event->port = 0;
    event->notes = 0;
    bpf_core_read(event->comm, sizeof event->comm, &task->comm);
    event->namespaces[0] = BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns.inum);
    event->namespaces[1] = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
    event->namespaces[2] = BPF_CORE_READ(task, nsproxy, cgroup_ns, ns.inum);
    event->reserved = 0;
}

// All of it, for the loader to decide on.
static __always_inline void event_fill_whole(struct process_event *event, enum event_kind kind,
                                             struct task_struct *task)
{
    event_fill(event, kind, task);
    event->filename[0] = 0;
    event->cgroup[0] = 0;
    if (policy.cgroups)
        cgroup_copy(event->cgroup, task);
}

// A zero port for events that have none.
static __always_inline void event_send(enum event_kind kind, struct task_struct *task, __u16 port, __u16 notes)
{
    struct process_event *event = bpf_ringbuf_reserve(&events, EVENT_SHORT, 0);
    if (!event) {
        counter_add(COUNTER_LOST_EVENT_RING, 1);
        return;
    }
    event_fill(event, kind, task);
    event->port = port;
    event->notes = notes;
    bpf_ringbuf_submit(event, 0);
}

// False if there is no room.
static __always_inline bool event_decide(enum event_kind kind, struct task_struct *task, __u32 parent, __u16 notes,
                                         const char *filename)
{
    struct process_event *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
    if (!event) {
        counter_add(COUNTER_LOST_EVENT_RING, 1);
        return false;
    }
    event_fill_whole(event, kind, task);
    if (parent)
        event->parent_pid = parent;
    event->notes = notes;
    if (filename)
        bpf_probe_read_kernel_str(event->filename, sizeof event->filename, filename);
    bpf_ringbuf_submit(event, 0);
    return true;
}
