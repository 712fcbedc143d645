// The user's buffer of the socket call that is just returning, and what is read from it.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "classify/http1.h"
#include "common/abi/counters.h"
#include "maps/connections.h"

#define USER_VECTOR_MAX 8 // parts of a vectored call that are looked at

// Without a gap: kernels before 6.3 want every byte of it written.
struct user_buffer {
    __u64 base;        // the buffer, or the vector if vector_count
    __u32 length;      // bytes that the call moved
    __u32 vector_skip; // bytes of the vector's first part that are not this call's
    __u16 vector_count;
    __u16 readable;
    enum counter cause; // if not readable
};

static __always_inline void user_buffer_refuse(struct user_buffer *io, enum counter cause)
{
    io->readable = false;
    io->cause = cause;
}

static __always_inline __u32 user_parts_max(void)
{
    return cfg_way.inlined ? USER_VECTOR_MAX / 2 : USER_VECTOR_MAX;
}

// The vector's part i; 0, or not if it is not there. A message's vector is the kernel's own copy.
static __always_inline long user_part_find(const struct user_buffer *io, __u32 i, struct user_iovec *to)
{
    void *from = (void *)(io->base + i * sizeof *to);
    if (cfg_way.sockio != SOCKIO_FENTRY)
        return bpf_probe_read_user(to, sizeof *to, from);
    long r = bpf_probe_read_kernel(to, sizeof *to, from);
    __u32 skip = i == 0 ? io->vector_skip : 0;
    to->base += skip;
    to->length -= skip;
    return r;
}

// One piece of user memory to data[at]; returns its length, or -1 if the memory is not there.
static __always_inline int user_piece_copy(struct connection *connection, __u32 at, __u64 from, __u64 length,
                                           __u32 room)
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

// Copies the call's bytes from `skip` on to connection->data[at], at most `room`; returns how many, or -1 if nothing
// could be read.
SUBPROGRAM int user_buffer_copy(const struct user_buffer *io, struct connection *connection, __u32 at, __u32 room,
                                __u32 skip)
{
    if (!io || !connection)
        return -1;
    __u32 left = io->length - skip, done = 0;

    if (room > left)
        room = left;
    if (!io->vector_count)
        return user_piece_copy(connection, at, io->base + skip, room, room);
    for (__u32 i = 0; i < user_parts_max() && i < io->vector_count && done < room; i++) {
        struct user_iovec piece;
        if (user_part_find(io, i, &piece))
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
    for (__u32 i = 0; i < user_parts_max() && i < io->vector_count; i++) {
        struct user_iovec piece;
        if (user_part_find(io, i, &piece))
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
        if (user_part_find(io, 0, &piece))
            return 0;
        from = piece.base;
        if (n > piece.length)
            n = piece.length;
    }
    if (n > CLASSIFY_ROOM)
        n = CLASSIFY_ROOM;
    return bpf_probe_read_user(to, n, (void *)from) ? 0 : (int)n;
}
