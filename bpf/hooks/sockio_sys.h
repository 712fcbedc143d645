// Variant sockio-sys, the last resort: the end of every system call of the host, the socket by the file table.
// Connections are in a hash (the file table yields bare addresses, to which no storage can be attached); Unix streams
// and io_uring are not seen, nor are processes that handle an observed connection without being observed themselves.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_tracing.h>
#include "io/on_io.h"
#include "maps/running.h"

#define MMSG_LOOK_MAX 16

struct call {
    __s32 fd;
    enum direction direction;
    __u64 length; // 0: nothing that concerns us
};

// Of several messages: what was moved is written behind each header (struct mmsghdr).
static __always_inline __u64 call_messages_length(__u64 messages, __u32 count)
{
    __u64 sum = 0;
    for (__u32 i = 0; i < MMSG_LOOK_MAX && i < count; i++) {
        __u32 length = 0;
        bpf_probe_read_user(&length, sizeof length, (void *)(messages + i * 64 + 56));
        sum += length;
    }
    return sum;
}

static __always_inline struct call call_read(struct pt_regs *regs, long result)
{
    struct call call = {.fd = REGS_FIRST(regs), .direction = DIRECTION_RECEIVED, .length = result};
    __u64 flags = 0;

    switch (REGS_CALL(regs)) {
    case CALL_READ:
    case CALL_READV:
    case CALL_PREADV2:
        break;
    case CALL_RECVFROM:
        flags = REGS_FOURTH(regs);
        break;
    case CALL_RECVMSG:
        flags = REGS_THIRD(regs);
        break;
    case CALL_RECVMMSG:
        flags = REGS_FOURTH(regs);
        call.length = call_messages_length(REGS_SECOND(regs), result);
        break;
    case CALL_SENDMMSG:
        call.length = call_messages_length(REGS_SECOND(regs), result);
        call.direction = DIRECTION_SENT;
        break;
    case CALL_SPLICE:
        call.fd = REGS_THIRD(regs);
        call.direction = DIRECTION_SENT;
        break;
    case CALL_WRITE:
    case CALL_WRITEV:
    case CALL_PWRITEV2:
    case CALL_SENDTO:
    case CALL_SENDMSG:
    case CALL_SENDFILE:
        call.direction = DIRECTION_SENT;
        break;
    default:
        call.length = 0;
    }
    if (flags & (MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE))
        call.length = 0;
    return call;
}

// The socket behind a descriptor of the current task.
static __always_inline struct sock *call_sock(__s32 fd)
{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct fdtable *table = BPF_CORE_READ(task, files, fdt);
    struct file **files = BPF_CORE_READ(table, fd), *file = (void *)0;

    if (fd < 0 || (__u32)fd >= BPF_CORE_READ(table, max_fds) || bpf_probe_read_kernel(&file, sizeof file, &files[fd]) ||
        !file)
        return (void *)0;
    return sock_of_file(file);
}

static __noinline int call_ended_by(struct pt_regs *regs, long result)
{
    struct target target = target_read(bpf_get_current_pid_tgid() >> 32);
    if (!target.flags && !target.rules)
        return 0;
    struct call call = call_read(regs, result);
    if (!call.length)
        return 0;
    struct sock *sk = call_sock(call.fd);
    if (sk && sock_streams(sk))
        on_io(sk, call.direction, call.length, regs);
    return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(call_ended, struct pt_regs *regs, long result)
{
    if (result <= 0)
        return 0;
    __u64 *running = running_begin(RUNNING_CALL);
    call_ended_by(regs, result);
    running_end(running);
    return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(call_ended_spare, struct pt_regs *regs, long result)
{
    return result > 0 && spare_wanted(RUNNING_CALL) ? call_ended_by(regs, result) : 0;
}
