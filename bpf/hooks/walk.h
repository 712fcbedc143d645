// What existed before us, by iterators that the loader reads: processes (to decide on), sockets of observed processes
// (to mark), and, while there are any, connections whose response went on (to report when it falls silent, or lasts).
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "hooks/state.h"

struct process_event walk_event; // too large for the stack; there is one reader, the loader

SEC("iter/task")
int walk_tasks(struct bpf_iter__task *context)
{
    struct task_struct *task = context->task;
    struct process_event *event = &walk_event;

    if (!task || task->pid != task->tgid)
        return 0;
    event_fill_whole(event, EVENT_TASK, task);
    bpf_seq_write(context->meta->seq, event, sizeof *event);
    return 0;
}

// A listener whose state exists. Workers share theirs: each is told of, and each one's calls are observed if the port
// is selected. Of who has just executed something, a service that starts while we walk, the loader does not know yet:
// what it listens on decides itself, as it is pending or by the calls of its connections.
static __always_inline void listener_judge(struct connection *connection, struct sock *sk, struct task_struct *task)
{
    __u16 port = BPF_CORE_READ(sk, __sk_common.skc_num);
    struct target target = target_read(task->tgid), owner = target_read(connection->owner);

    if (connection->flags & CONNECTION_IGNORED || port_selected(target, port))
        listener_make(sk, task->tgid, task);
    else if (target_serves(target, port))
        event_send(EVENT_LISTEN, task, port, 0);
    else if (!target_serves(owner, port) && !((target.flags | owner.flags) & TARGET_PENDING))
        connection_refuse(connection);
}

// Rules may have changed since the connection's state was made. It is observed if any of those is who hold it, made
// it or used it.
static __always_inline void connection_judge(struct connection *connection, struct sock *sk, struct task_struct *task)
{
    struct target holder = target_read(task->tgid), owner = target_read(connection->owner),
                  user = target_read(connection->record.pid);
    __u16 port = sock_port(sk);
    bool serves = target_serves(holder, port) || target_serves(owner, port) || target_serves(user, port);
    bool calls = (holder.flags | owner.flags | user.flags) & TARGET_CLIENT;
    bool wanted =
        connection->record.role == RECORD_ROLE_SERVER ? serves : calls || (serves && !connection->record.role);

    if (connection->flags & CONNECTION_PENDING)
        return;
    connection_lock(connection, PATIENCE_LONG);
    if (serves)
        connection->flags &= ~CONNECTION_CLIENT_ONLY;
    else
        connection->flags |= CONNECTION_CLIENT_ONLY;
    if (wanted && connection->flags & CONNECTION_REFUSED) {
        connection->flags &= ~(CONNECTION_IGNORED | CONNECTION_REFUSED);
        connection->flags |= CONNECTION_MIDSTREAM;
        connection->phase = PHASE_IDLE;
        connection->misses = 0;
        connection->received = 0;
    } else if (!wanted && !(connection->flags & CONNECTION_IGNORED)) {
        tail_closed(connection);
        connection_refuse(connection);
    }
    connection_unlock(connection);
}

static __always_inline struct sock *walk_sock(struct file *file)
{
    if (cfg_way.hashed)
        return sock_of_file(file);
    struct socket *socket = bpf_sock_from_file(file);
    return socket ? socket->sk : (void *)0;
}

SEC("iter/task_file")
int walk_files(struct bpf_iter__task_file *context)
{
    struct task_struct *task = context->task;
    struct file *file = context->file;

    if (!task || !file)
        return 0;
    struct sock *sk = walk_sock(file);
    if (!sk)
        return 0;
    __u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);
    if (state == TCP_LISTEN && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_MPTCP)
        listener_tell(sk, task->tgid, task); // Go's: what it accepts is TCP's, and adopted at its first read
    if (!sock_streams(sk))
        return 0;
    struct connection *connection = state == TCP_LISTEN ? listener_find(sk) : connection_find(sk);
    if (connection && connection->flags & CONNECTION_LISTENER)
        listener_judge(connection, sk, task);
    else if (connection)
        connection_judge(connection, sk, task);
    if (connection || BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
        return 0;
    if (state == TCP_LISTEN)
        listener_make(sk, task->tgid, task);
    if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT)
        return 0;

    struct target target = target_read(task->tgid);
    bool serves = target_serves(target, BPF_CORE_READ(sk, __sk_common.skc_num));
    if (!serves && !(target.flags & TARGET_CLIENT))
        return 0;
    connection = connection_make(sk, CONNECTION_MIDSTREAM | (serves ? 0 : CONNECTION_CLIENT_ONLY));
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
    struct sock *sk = context->sk; // of a hash: its key

    if (!sk) // the end
        skipped_tell();
    if (!sk || !context->value)
        return 0;
    if (cfg_way.hashed)
        sk = *(struct sock **)sk;
    struct connection *connection = connection_find(sk);
    if (!connection || !(connection->flags & CONNECTION_GREW) || connection->phase != PHASE_RESPONSE)
        return 0;
    connection_lock(connection, PATIENCE_LONG);
    __u64 now = bpf_ktime_get_ns();
    bool open = connection->flags & CONNECTION_GREW && connection->phase == PHASE_RESPONSE;
    if (open && now - connection->record.ended > cfg_idle_ns)
        exchange_end(connection, sk, RECORD_FLAG_IDLE, now);
    else if (open && now - connection->record.emitted > cfg_news_ns)
        exchange_end(connection, sk, 0, now);
    connection_unlock(connection);
    return 0;
}
