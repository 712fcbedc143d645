// The user's buffer of the socket call that is just returning, from the saved registers of the task (arguments survive in
// them until the call is over; kernel: syscall_get_arguments).
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "classify/http1.h"
#include "common/abi/counters.h"
#include "maps/connections.h"

#define USER_VECTOR_MAX 8 // parts of a vectored call that are looked at

struct user_buffer {
    __u64 base;         // the buffer, or the vector if vector_count
    __u32 vector_count;
    __u32 length;       // bytes that the call moved
    bool readable;
    enum counter cause; // if not readable
};

#if defined(__TARGET_ARCH_x86)
enum {
    CALL_READ = 0,
    CALL_WRITE = 1,
    CALL_READV = 19,
    CALL_WRITEV = 20,
    CALL_SENDFILE = 40,
    CALL_SENDTO = 44,
    CALL_RECVFROM = 45,
    CALL_SENDMSG = 46,
    CALL_RECVMSG = 47,
    CALL_SPLICE = 275,
    CALL_TEE = 276,
    CALL_RECVMMSG = 299,
    CALL_SENDMMSG = 307,
    CALL_PREADV2 = 327,
    CALL_PWRITEV2 = 328,
    CALL_IO_URING_ENTER = 426,
};
#define USER_CS_32 0x23 // arch/x86 __USER32_CS: another system call table
#define REGS_CALL(regs) ((regs)->cs == USER_CS_32 ? -1 : (int)(regs)->orig_ax)
#define REGS_SECOND(regs) (regs)->si
#define REGS_THIRD(regs) (regs)->dx
#elif defined(__TARGET_ARCH_arm64)
enum {
    CALL_READ = 63,
    CALL_WRITE = 64,
    CALL_READV = 65,
    CALL_WRITEV = 66,
    CALL_SENDFILE = 71,
    CALL_SPLICE = 76,
    CALL_TEE = 77,
    CALL_SENDTO = 206,
    CALL_RECVFROM = 207,
    CALL_SENDMSG = 211,
    CALL_RECVMSG = 212,
    CALL_RECVMMSG = 243,
    CALL_SENDMMSG = 269,
    CALL_PREADV2 = 286,
    CALL_PWRITEV2 = 287,
    CALL_IO_URING_ENTER = 426,
};
#define REGS_CALL(regs) (regs)->syscallno
#define REGS_SECOND(regs) (regs)->regs[1]
#define REGS_THIRD(regs) (regs)->regs[2]
#else
#error "no system call table for this architecture"
#endif

static __always_inline void user_buffer_of_message(struct user_buffer *io, __u64 message)
{
    struct user_msghdr header;
    if (bpf_probe_read_user(&header, sizeof header, (void *)message)) {
        io->readable = false;
        io->cause = COUNTER_UNREADABLE_FAULT;
        return;
    }
    io->base = header.vector;
    io->vector_count = header.vector_count > 1024 ? 1024 : header.vector_count;
}

// Fills io for the current task's call.
SUBPROGRAM int user_buffer_find(struct user_buffer *io)
{
    if (!io)
        return 0;
    struct task_struct *task = bpf_get_current_task_btf();
    struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

    io->vector_count = 0;
    io->base = 0;
    io->readable = false;
    io->cause = COUNTER_UNREADABLE_IO_URING;
    if (task->flags & (PF_IO_WORKER | PF_KTHREAD))
        return 0;
    io->readable = true;
    switch (REGS_CALL(regs)) {
    case CALL_READ:
    case CALL_WRITE:
    case CALL_SENDTO:
    case CALL_RECVFROM:
        io->base = REGS_SECOND(regs);
        break;
    case CALL_READV:
    case CALL_WRITEV:
    case CALL_PREADV2:
    case CALL_PWRITEV2:
        io->base = REGS_SECOND(regs);
        io->vector_count = REGS_THIRD(regs);
        break;
    case CALL_SENDMSG:
    case CALL_RECVMSG:
        user_buffer_of_message(io, REGS_SECOND(regs));
        break;
    case CALL_RECVMMSG:
    case CALL_SENDMMSG:
        // Of several messages we do not know which one this is.
        if (REGS_THIRD(regs) == 1) {
            user_buffer_of_message(io, REGS_SECOND(regs));
        } else {
            io->readable = false;
            io->cause = COUNTER_UNREADABLE_MMSG;
        }
        break;
    case CALL_SENDFILE:
    case CALL_SPLICE:
    case CALL_TEE:
        io->readable = false;
        io->cause = COUNTER_UNREADABLE_SPLICE;
        break;
    case CALL_IO_URING_ENTER:
        io->readable = false;
        break;
    default:
        io->readable = false;
        io->cause = COUNTER_UNREADABLE_SYSCALL;
    }
    return 0;
}

// One piece of user memory to data[at]; returns its length, or -1 if the memory is not there.
static __always_inline int user_piece_copy(struct connection *connection, __u32 at, __u64 from, __u64 length, __u32 room)
{
    if (length > room)
        length = room;
    // The compiler must not check one register and use another: the verifier follows registers.
    __u64 place = at, size = length;
    barrier_var(place);
    barrier_var(size);
    if (place > CAPTURE_START_MAX || size > HEAD_CAPTURE_MAX)
        return 0;
    return bpf_probe_read_user(&connection->data[place], size, (void *)from) ? -1 : (int)size;
}

// Copies the call's bytes from `skip` on to connection->data[at], at most `room`; returns how many, or -1 if nothing could be
// read.
SUBPROGRAM int user_buffer_copy(const struct user_buffer *io, struct connection *connection, __u32 at, __u32 room, __u32 skip)
{
    if (!io || !connection)
        return -1;
    __u32 left = io->length - skip, done = 0;

    if (room > left)
        room = left;
    if (!io->vector_count)
        return user_piece_copy(connection, at, io->base + skip, room, room);
    for (__u32 i = 0; i < USER_VECTOR_MAX && i < io->vector_count && done < room; i++) {
        struct user_iovec piece;
        if (bpf_probe_read_user(&piece, sizeof piece, (void *)(io->base + i * sizeof piece)))
            return done ? (int)done : -1;
        if (skip >= piece.length) {
            skip -= piece.length;
            continue;
        }
        int copied = user_piece_copy(connection, at + done, piece.base + skip, piece.length - skip, room - done);
        if (copied < 0)
            return done ? (int)done : -1;
        done += copied;
        skip = 0;
    }
    return done;
}

// Shifts a piece's last bytes into the tail: the newest byte is the highest one of the (little-endian) word.
static __always_inline __u64 user_tail_shift(__u64 tail, __u64 from, __u32 length)
{
    __u64 word = 0;

    if (length >= 8) {
        bpf_probe_read_user(&word, 8, (void *)(from + length - 8));
        return word;
    }
    if (length == 0 || bpf_probe_read_user(&word, length & 7, (void *)from))
        return tail;
    return tail >> (8 * length) | word << (64 - 8 * length);
}

// The last eight bytes that were moved, with those before the call's in `tail`; 0 if they are not to be had.
SUBPROGRAM __u64 user_buffer_tail(const struct user_buffer *io, __u64 tail)
{
    if (!io)
        return 0;
    __u32 n = io->length;

    if (!io->vector_count)
        return user_tail_shift(tail, io->base, n);
    for (__u32 i = 0; i < USER_VECTOR_MAX && i < io->vector_count; i++) {
        struct user_iovec piece;
        if (bpf_probe_read_user(&piece, sizeof piece, (void *)(io->base + i * sizeof piece)))
            return 0;
        __u32 length = piece.length > n ? n : piece.length;
        tail = user_tail_shift(tail, piece.base, length);
        n -= length;
        if (!n)
            return tail;
    }
    return 0;
}

// The first bytes, for a look that leaves the captures alone.
SUBPROGRAM int user_buffer_peek(const struct user_buffer *io, union first_bytes *to)
{
    if (!io || !to)
        return 0;
    __u64 from = io->base;
    __u32 n = io->length;

    if (io->vector_count) {
        struct user_iovec piece;
        if (bpf_probe_read_user(&piece, sizeof piece, (void *)io->base))
            return 0;
        from = piece.base;
        if (n > piece.length)
            n = piece.length;
    }
    if (n > CLASSIFY_ROOM)
        n = CLASSIFY_ROOM;
    return bpf_probe_read_user(to, n, (void *)from) ? 0 : (int)n;
}
