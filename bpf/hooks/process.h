// Processes come and go: selection is inherited at fork, decided anew at exec (by the loader; until then the process is observed
// as pending), and cleared at exit, so that a pid used again starts clean.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "maps/events.h"
#include "maps/settings.h"
#include "maps/targets.h"

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
    __u32 pid = child->tgid;
    if (pid != (__u32)child->pid)
        return 0; // a thread
    __u8 *target = target_of(pid), inherited = target_flags(parent->tgid) & ~TARGET_KNOWN;
    if (!target || *target == inherited)
        return 0;
    *target = inherited;
    if (!(inherited & (TARGET_CLIENT | TARGET_SERVER | TARGET_PENDING)))
        return 0;
    struct process_event *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
    if (!event) {
        counter_add(COUNTER_LOST_EVENT_RING, 1);
        return 0;
    }
    event_fill(event, EVENT_FORK, child);
    event->parent_pid = parent->tgid; // real_parent may be another one (CLONE_PARENT)
    bpf_ringbuf_submit(event, 0);
    return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *binary)
{
    __u8 *target = target_of(task->tgid);
    if (!target)
        return 0;
    __u8 before = *target, lineage = before & TARGET_LINEAGE;
    if (!cfg_select_names && !before)
        return 0; // only listening selects
    *target = lineage | TARGET_PENDING | (lineage ? TARGET_CLIENT | TARGET_SERVER : 0);

    struct process_event *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
    if (!event) {
        // Undecided for ever is worse than undecided: keep what is certain.
        *target = cfg_select_all ? TARGET_CLIENT | TARGET_SERVER : *target & ~TARGET_PENDING;
        counter_add(COUNTER_LOST_EVENT_RING, 1);
        return 0;
    }
    event_fill(event, EVENT_EXEC, task);
    event->selected = before & TARGET_CLIENT && !(before & TARGET_SERVER); // by a port: it may still hold the listener
    bpf_probe_read_kernel_str(event->filename, sizeof event->filename, BPF_CORE_READ(binary, filename));
    bpf_ringbuf_submit(event, 0);
    return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
    if (BPF_CORE_READ(task, signal, live.counter) > 0)
        return 0; // another thread lives on
    __u8 *target = target_of(task->tgid);
    if (!target || !*target)
        return 0;
    *target = 0;
    event_send(EVENT_EXIT, task, 0, false);
    return 0;
}
