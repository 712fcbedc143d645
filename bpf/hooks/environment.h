// What processes say of themselves, read where it cannot have been overwritten yet (exec), where a process comes to be
// observed by its port (listen), and of those that run already, by an iterator that the loader reads. Separate
// programs: kernels before 5.18 lack what they need.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "io/environment.h"
#include "maps/cgroup.h"
#include "maps/targets.h"

static __always_inline bool environment_wanted(struct task_struct *task)
{
    __u8 flags = target_flags(BPF_CORE_READ(task, tgid));
    return !(flags & TARGET_EXCLUDED) && flags & (TARGET_CLIENT | TARGET_SERVER | TARGET_PENDING | TARGET_KNOWN);
}

static __always_inline void environment_tell(struct task_struct *task, struct scratch *scratch, bool sleeps)
{
    struct environment_record *record = &scratch->record;

    if (!environment_find(scratch, task, sleeps))
        return;
    __u32 more = record->attributes_size;
    if (more > ENVIRONMENT_ATTRIBUTES_MAX)
        more = ENVIRONMENT_ATTRIBUTES_MAX; // for the verifier
    record->kind = RECORD_KIND_ENVIRONMENT;
    record->size = __builtin_offsetof(struct environment_record, attributes) + more;
    record->pid = BPF_CORE_READ(task, tgid);
    record->start = BPF_CORE_READ(task, group_leader, start_boottime);
    record->emitted = bpf_ktime_get_ns();
    ring_write(record, __builtin_offsetof(struct environment_record, attributes) + more, COUNTER_RECORD_ENVIRONMENT);
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(exec_environ, struct task_struct *task)
{
    struct scratch *scratch = scratch_of(SCRATCH_EXEC);

    if (!scratch || !environment_wanted(task))
        return 0;
    struct executed_record *record = &scratch->executed;
    cgroup_copy(record->cgroup, task);
    record->kind = RECORD_KIND_EXECUTED;
    record->size = sizeof *record;
    record->pid = BPF_CORE_READ(task, tgid);
    record->start = BPF_CORE_READ(task, group_leader, start_boottime);
    record->emitted = bpf_ktime_get_ns();
    ring_write(record, sizeof *record, COUNTER_RECORD_ENVIRONMENT);
    environment_tell(task, scratch, false);
    return 0;
}

// After sock_state, which has made the listener's process observed.
SEC("?tp_btf/inet_sock_set_state")
int BPF_PROG(listen_environ, struct sock *sk, int old_state, int new_state)
{
    struct scratch *scratch = new_state == TCP_LISTEN ? scratch_of(SCRATCH_LISTEN) : (void *)0;
    struct task_struct *task = bpf_get_current_task_btf();

    if (scratch && environment_wanted(task))
        environment_tell(task, scratch, false);
    return 0;
}

SEC("?iter.s/task")
int walk_environs(struct bpf_iter__task *context)
{
    struct task_struct *task = context->task;
    struct scratch *scratch = scratch_of(SCRATCH_WALK);

    if (scratch && task && task->pid == task->tgid && environment_wanted(task))
        environment_tell(task, scratch, true);
    return 0;
}
