// TCP sockets are born and die (tracepoint sock:inet_sock_set_state): state is made for listening sockets (and
// inherited by what they accept) and for calls of observed processes.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "io/on_io.h"

// A process starts to listen (or does already): it comes to be observed if the port selects it. True if it is.
static __noinline int listener_tell(struct sock *sk, __u32 pid, struct task_struct *task)
{
    __u16 port = BPF_CORE_READ(sk, __sk_common.skc_num);
    struct target *place = target_of(pid), target = target_read(pid);

    if (!place)
        return 0;
    bool selected = port_selected(target, port);
    if (selected)
        place->flags |= TARGET_CLIENT;
    if (!selected && !(target.flags & (TARGET_CLIENT | TARGET_SERVER | TARGET_PENDING)))
        return 0;
    event_send(EVENT_LISTEN, task, port, selected ? EVENT_BY_PORT : 0);
    return 1;
}

// What it will accept is observed if its port or itself is selected.
static __noinline int listener_make(struct sock *sk, __u32 pid, struct task_struct *task)
{
    __u16 port = BPF_CORE_READ(sk, __sk_common.skc_num), flags = CONNECTION_LISTENER;
    struct target target = target_read(pid);

    if (!listener_tell(sk, pid, task))
        return 0;
    if (!target_serves(target, port))
        flags |= target.flags & TARGET_PENDING ? CONNECTION_PENDING : CONNECTION_IGNORED | CONNECTION_REFUSED;
    struct connection *connection = connection_make(sk, flags);
    if (!connection)
        return 0;
    connection->owner = pid;
    connection->record.role = RECORD_ROLE_SERVER;
    return 0;
}

static __always_inline void caller_make(struct sock *sk)
{
    __u32 pid = bpf_get_current_pid_tgid() >> 32;
    __u8 target = target_flags(pid);

    if (!(target & (TARGET_CLIENT | TARGET_PENDING)))
        return;
    struct connection *connection = connection_make(sk, target & TARGET_PENDING ? CONNECTION_PENDING : 0);
    if (!connection)
        return;
    connection->owner = pid;
    connection->record.role = RECORD_ROLE_CLIENT;
    counter_add(COUNTER_CONNECTIONS_OPENED, 1);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(sock_state, struct sock *sk, int old_state, int new_state)
{
    if (new_state == TCP_LISTEN) {
        if (sk->sk_protocol == IPPROTO_TCP)
            listener_make(sk, bpf_get_current_pid_tgid() >> 32, (struct task_struct *)bpf_get_current_task());
        return 0;
    }
    if (new_state == TCP_SYN_SENT) {
        if (sk->sk_protocol == IPPROTO_TCP)
            caller_make(sk);
        return 0;
    }
    struct connection *connection = connection_find(sk);
    if (cfg_way.hashed && old_state == TCP_SYN_RECV && new_state == TCP_ESTABLISHED)
        connection = connection_inherit(sk);
    if (cfg_way.hashed && old_state == TCP_LISTEN)
        listener_forget(sk, bpf_get_current_pid_tgid() >> 32);
    if (!connection)
        return 0;
    if (new_state == TCP_ESTABLISHED) {
        connection->established = bpf_ktime_get_ns();
        if (connection->flags & CONNECTION_LISTENER) { // a copy of its listener's: this one is a connection
            connection->flags &= ~CONNECTION_LISTENER;
            counter_add(COUNTER_CONNECTIONS_OPENED, 1);
        }
        return 0;
    }
    // close() shuts both directions before it changes the state; shutdown(SHUT_WR) alone ends a server's answer, but
    // a client may still read one.
    bool closed = new_state == TCP_CLOSE || sk->sk_shutdown == SHUTDOWN_MASK;
    if (closed && (new_state == TCP_CLOSE || new_state == TCP_FIN_WAIT1 || new_state == TCP_LAST_ACK)) {
        if (!(connection->flags & CONNECTION_LISTENER) && connection->established)
            connection_end(connection, sk, sk->sk_err);
        connection->established = 0;
    }
    if (cfg_way.hashed && new_state == TCP_CLOSE)
        connection_forget(sk);
    return 0;
}
