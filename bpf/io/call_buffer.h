// Where a socket call's buffer is, by its registers: arguments survive in the task's saved ones until the call is over.
#pragma once
#include "vmlinux.h"
#include "io/message_buffer.h"
#include "io/registers.h"
#include "io/user_buffer.h"

static __always_inline void user_buffer_of_header(struct user_buffer *io, __u64 address)
{
    struct user_msghdr header;
    if (bpf_probe_read_user(&header, sizeof header, (void *)address)) {
        user_buffer_refuse(io, COUNTER_UNREADABLE_FAULT);
        return;
    }
    io->base = header.vector;
    io->vector_count = header.vector_count > 1024 ? 1024 : header.vector_count;
}

// By the number and arguments of a system call.
SUBPROGRAM int user_buffer_of_call(struct user_buffer *io, int call, __u64 second, __u64 third)
{
    if (!io)
        return 0;
    switch (call) {
    case CALL_READ:
    case CALL_WRITE:
    case CALL_SENDTO:
    case CALL_RECVFROM:
        io->base = second;
        break;
    case CALL_READV:
    case CALL_WRITEV:
    case CALL_PREADV2:
    case CALL_PWRITEV2:
        io->base = second;
        io->vector_count = third;
        break;
    case CALL_SENDMSG:
    case CALL_RECVMSG:
        user_buffer_of_header(io, second);
        break;
    case CALL_RECVMMSG:
    case CALL_SENDMMSG:
        // Of several messages we do not know which one this is.
        if (third == 1) {
            user_buffer_of_header(io, second);
        } else {
            user_buffer_refuse(io, COUNTER_UNREADABLE_MMSG);
        }
        break;
    case CALL_SENDFILE:
    case CALL_SPLICE:
    case CALL_TEE:
        user_buffer_refuse(io, COUNTER_UNREADABLE_SPLICE);
        break;
    case CALL_IO_URING_ENTER:
        user_buffer_refuse(io, COUNTER_UNREADABLE_IO_URING);
        break;
    default:
        user_buffer_refuse(io, COUNTER_UNREADABLE_SYSCALL);
    }
    return 0;
}

static __always_inline void user_buffer_of_task(struct user_buffer *io)
{
    struct task_struct *task = bpf_get_current_task_btf();
    struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

    if (task->flags & (PF_IO_WORKER | PF_KTHREAD))
        user_buffer_refuse(io, COUNTER_UNREADABLE_IO_URING);
    else
        user_buffer_of_call(io, REGS_CALL(regs), REGS_SECOND(regs), REGS_THIRD(regs));
}

// Fills io but for its length, which the caller has set.
static __always_inline void user_buffer_find(struct user_buffer *io, void *source)
{
    struct pt_regs *regs = source;

    io->base = 0;
    io->vector_count = io->vector_skip = 0;
    io->readable = true;
    io->cause = 0;
    if (cfg_way.sockio == SOCKIO_TP)
        user_buffer_of_task(io);
    else if (cfg_way.sockio == SOCKIO_FENTRY)
        user_buffer_of_message(io, source);
    else
        user_buffer_of_call(io, REGS_CALL(regs), REGS_SECOND(regs), REGS_THIRD(regs));
}
