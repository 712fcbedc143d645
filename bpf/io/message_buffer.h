// Where a socket call's buffer is, by the message that the kernel made of it: its iterator (include/linux/uio.h, over
// the years) has moved past what was copied, so we go back from there. No hook at the entry is needed, and any
// caller's message will do.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include "io/user_buffer.h"

#define MESSAGE_REWIND_MAX 64 // parts of a vector that one call consumes

// `part` is the first one that is not consumed whole, of which `consumed` bytes are.
SUBPROGRAM int message_rewind(struct user_buffer *io, __u64 part, __u64 consumed)
{
    struct user_iovec piece = {};

    if (!io)
        return 0;
    __u64 end = part + (consumed ? sizeof piece : 0);
    __u32 left = io->length;
    for (__u32 i = 0; i < (cfg_way.inlined ? MESSAGE_REWIND_MAX / 8 : MESSAGE_REWIND_MAX) && consumed < left; i++) {
        left -= consumed;
        part -= sizeof piece;
        if (bpf_probe_read_kernel(&piece, sizeof piece, (void *)part))
            break;
        consumed = piece.length;
    }
    if (consumed < left) {
        user_buffer_refuse(io, COUNTER_UNREADABLE_FAULT);
        return 0;
    }
    io->vector_skip = consumed - left;
    io->vector_count = (end - part) / sizeof piece; // no count that the verifier would know: it would look at each
    io->base = part;
    return 0;
}

// NULL: there is no user buffer.
static __always_inline void user_buffer_of_message(struct user_buffer *io, struct msghdr *message)
{
    if (!message) {
        user_buffer_refuse(io, COUNTER_UNREADABLE_SPLICE);
        return;
    }
    struct iov_iter *iterator = &message->msg_iter;
    struct iov_iter___before_6_4 *older = (void *)iterator;
    struct iov_iter___before_5_14 *oldest = (void *)iterator;
    __u32 type = bpf_core_field_exists(iterator->iter_type) ? iterator->iter_type : oldest->type & ~1;

    // Pointers are read as bytes: those that the verifier knows as pointers are not to be calculated with.
    if (bpf_core_enum_value_exists(enum iter_type, ITER_UBUF) && type == bpf_core_enum_value(enum iter_type, ITER_UBUF))
        io->base = (__u64)BPF_CORE_READ(iterator, ubuf) + iterator->iov_offset - io->length;
    else if (type != bpf_core_enum_value(enum iter_type, ITER_IOVEC))
        user_buffer_refuse(io, COUNTER_UNREADABLE_SPLICE);
    else if (bpf_core_field_exists(iterator->__iov))
        message_rewind(io, (__u64)BPF_CORE_READ(iterator, __iov), iterator->iov_offset);
    else
        message_rewind(io, (__u64)BPF_CORE_READ(older, iov), iterator->iov_offset);
}
