// Processes come and go: selection is inherited at fork, decided anew at exec and when the process is moved to
// another cgroup (by the loader; until then the process is observed as pending), and cleared at exit, so that a pid
// used again starts clean.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "maps/events.h"
#include "maps/targets.h"

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
    __u32 pid = child->tgid;
    if (pid != (__u32)child->pid)
        return 0; // a thread
    struct target *target = target_of(pid), *from = target_of(parent->tgid);
    if (!target || !from)
        return 0;
    __u8 inherited = (from->flags & ~TARGET_KNOWN) | policy_pending();
    if (target->flags == inherited && target->rules == from->rules)
        return 0;
    target->flags = inherited;
    target->rules = from->rules;
    // Its parent as it is now: real_parent may be another one (CLONE_PARENT).
    if (inherited & TARGET_PENDING) {
        event_decide(EVENT_FORK, child, parent->tgid, 0, (void *)0);
    } else if (inherited & (TARGET_CLIENT | TARGET_SERVER)) {
        struct process_event *event = bpf_ringbuf_reserve(&events, EVENT_SHORT, 0);
        if (!event) {
            counter_add(COUNTER_LOST_EVENT_RING, 1);
            return 0;
        }
        event_fill(event, EVENT_FORK, child);
        event->parent_pid = parent->tgid;
        bpf_ringbuf_submit(event, 0);
    }
    return 0;
}

// Something that rules look at has changed.
static __always_inline void process_changed(struct task_struct *task, enum event_kind kind, const char *filename)
{
    struct target *target = target_of(task->tgid);
    if (!target)
        return;
    struct target before = *target;
    if (!policy.names && !before.flags && !before.rules)
        return; // only listening selects
    bool by_port = (before.flags & TARGET_CLIENT && !(before.flags & TARGET_SERVER)) || before.rules & ~policy.lineage;
    __u16 notes = by_port ? EVENT_BY_PORT : 0;
    if (before.flags & (TARGET_CLIENT | TARGET_SERVER | TARGET_KNOWN))
        notes |= EVENT_TOLD;
    target->flags = TARGET_PENDING | (kind == EVENT_MOVE ? before.flags : 0);
    target->rules = before.rules & policy.lineage;
    // Undecided for ever is worse than undecided: what is lost leaves it as it was.
    if (!event_decide(kind, task, 0, notes, filename))
        *target = before;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *binary)
{
    process_changed(task, EVENT_EXEC, BPF_CORE_READ(binary, filename));
    return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(process_moved, struct cgroup *cgroup, const char *path, struct task_struct *task, bool threadgroup)
{
    if (policy.cgroups && (threadgroup || task->pid == task->tgid))
        process_changed(task, EVENT_MOVE, (void *)0);
    return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
    if (BPF_CORE_READ(task, signal, live.counter) > 0)
        return 0; // another thread lives on
    struct target *target = target_of(task->tgid), none = {};
    if (!target)
        return 0;
    __u8 flags = target->flags;
    *target = none;
    if (flags & ~(TARGET_EXCLUDED | TARGET_OWN))
        event_send(EVENT_EXIT, task, 0, 0);
    return 0;
}
