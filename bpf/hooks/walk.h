// What existed before us, by iterators that the loader reads: processes (to decide on), sockets of observed processes (to mark),
// and, while there are any, connections whose response went on (to report when it falls silent, or lasts).
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "hooks/state.h"

SEC("iter/task")
int walk_tasks(struct bpf_iter__task *context)
{
    struct task_struct *task = context->task;
    struct process_event event = {};

    if (!task || task->pid != task->tgid)
        return 0;
    event_fill(&event, EVENT_TASK, task);
    bpf_seq_write(context->meta->seq, &event, sizeof event);
    return 0;
}

SEC("iter/task_file")
int walk_files(struct bpf_iter__task_file *context)
{
    struct task_struct *task = context->task;
    struct file *file = context->file;

    if (!task || !file)
        return 0;
    struct socket *socket = bpf_sock_from_file(file);
    if (!socket)
        return 0;
    struct sock *sk = socket->sk;
    if (!sk || BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX || !sock_streams(sk))
        return 0;
    __u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
    struct connection *connection = bpf_sk_storage_get(&connections, sk, (void *)0, 0);
    if (state == TCP_LISTEN) {
        // Workers share their listener: each is told of, and each one's calls are observed if the port is selected; the first one
        // (or a selected one) makes the state.
        if (!connection || connection->flags & CONNECTION_IGNORED || port_selected(BPF_CORE_READ(sk, __sk_common.skc_num)))
            listener_make(sk, task->tgid, task);
        else if (target_flags(task->tgid) & (TARGET_CLIENT | TARGET_SERVER))
            event_send(EVENT_LISTEN, task, BPF_CORE_READ(sk, __sk_common.skc_num), false);
        return 0;
    }
    if (connection || (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT))
        return 0;

    __u16 port = BPF_CORE_READ(sk, __sk_common.skc_num), flags = CONNECTION_MIDSTREAM;
    __u8 target = target_flags(task->tgid);
    bool selected = port_selected(port) && !(target & TARGET_EXCLUDED);
    if (!selected && !(target & (TARGET_CLIENT | TARGET_SERVER)))
        return 0;
    if (port_excluded(port) || (!selected && !(target & TARGET_SERVER)))
        flags |= CONNECTION_CLIENT_ONLY;
    connection = connection_make(sk, flags);
    if (!connection)
        return 0;
    connection->owner = task->tgid;
    connection->established = bpf_ktime_get_ns();
    counter_add(COUNTER_CONNECTIONS_OPENED, 1);
    return 0;
}

SEC("iter/bpf_sk_storage_map")
int walk_tails(struct bpf_iter__bpf_sk_storage_map *context)
{
    struct sock *sk = context->sk;

    if (!sk || !context->value)
        return 0;
    struct connection *connection = bpf_sk_storage_get(&connections, sk, (void *)0, 0);
    if (!connection || !(connection->flags & CONNECTION_GREW) || connection->phase != PHASE_RESPONSE)
        return 0;
    connection_lock(&connection->busy);
    __u64 now = bpf_ktime_get_ns();
    bool open = connection->flags & CONNECTION_GREW && connection->phase == PHASE_RESPONSE;
    if (open && now - connection->record.ended > cfg_idle_ns)
        exchange_end(connection, sk, RECORD_FLAG_IDLE, now);
    else if (open && now - connection->record.emitted > cfg_news_ns)
        exchange_end(connection, sk, 0, now);
    connection_unlock(connection);
    return 0;
}
