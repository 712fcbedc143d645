// The steady state, straight: a connection that is known, a request in one read or write of a plain buffer, the
// answer's whole head in one more. That is nearly every exchange, so it is written for few instructions
// (tests/bench/cost); it does what request.h and response.h do in these cases, and leaves every other one to them,
// untouched.
#pragma once
#include "vmlinux.h"
#include "io/exchange.h"
#include "io/registers.h"
#include "maps/settings.h"

#define STEADY_BLOCK 64 // a head is copied in blocks of this size, zeros behind it

// What keeps a connection from the straight way: to be decided, or something of the exchange before is still open.
#define STEADY_NOT                                                                                                     \
    (CONNECTION_IGNORED | CONNECTION_PENDING | CONNECTION_UNOWNED | CONNECTION_PARTIAL | CONNECTION_GREW |             \
     CONNECTION_STASHED | CONNECTION_NAMED)
#define STEADY_NOT_ANSWERED (STEADY_NOT | CONNECTION_TUNNEL | CONNECTION_MUTE | CONNECTION_CLOBBERED)

struct head {
    __u64 word[HEAD_CAPTURE_MAX / 8];
};

// The plain buffer of the task's call, or the vector of two at most; false: another call. No look at whether it is a
// call of the 32-bit table: none of those that move socket data has one of these numbers.
static __always_inline bool steady_buffer(struct task_struct *task, __u64 *base, __u32 *parts)
{
    struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

    *base = REGS_SECOND(regs);
    *parts = 0;
    if (task->flags & (PF_IO_WORKER | PF_KTHREAD))
        return false;
    switch (REGS_NUMBER(regs)) {
    case CALL_READ:
    case CALL_WRITE:
    case CALL_SENDTO:
    case CALL_RECVFROM:
        return true;
    case CALL_READV:
    case CALL_WRITEV:
        *parts = REGS_THIRD(regs);
        return *parts == 1 || *parts == 2;
    default:
        return false;
    }
}

#define STEADY_EACH(block, statement)                                                                                  \
    _Pragma("unroll") for (__u32 i = (block) * STEADY_BLOCK / 8; i < ((block) + 1) * STEADY_BLOCK / 8; i++) statement

// As many blocks as n bytes touch.
#define STEADY_BLOCKS(n, statement)                                                                                    \
    do {                                                                                                               \
        STEADY_EACH(0, statement);                                                                                     \
        if ((n) > 1 * STEADY_BLOCK)                                                                                    \
            STEADY_EACH(1, statement);                                                                                 \
        if ((n) > 2 * STEADY_BLOCK)                                                                                    \
            STEADY_EACH(2, statement);                                                                                 \
        if ((n) > 3 * STEADY_BLOCK)                                                                                    \
            STEADY_EACH(3, statement);                                                                                 \
    } while (0)

// The user's bytes by way of the stack: the kernel's checks of a copy into anything else cost more than a second
// copy. In whole words, as single bytes cost as much as a word; steady_store clears what that is too much.
static __always_inline bool steady_read(struct head *head, __u32 n, __u64 from)
{
    STEADY_BLOCKS(n, head->word[i] = 0);
    n = (n + 7) & ~7u;
    barrier_var(n);
    if (n > HEAD_CAPTURE_MAX)
        return false;
    return bpf_probe_read_user(head, n, (void *)from) == 0;
}

static __always_inline void steady_store(__u8 *to, const struct head *head, __u32 n)
{
    __u64 *words = (__u64 *)to;
    __u32 whole = n & ~7u;

    STEADY_BLOCKS(n, words[i] = head->word[i]);
    barrier_var(whole);
    if (n & 7 && whole < HEAD_CAPTURE_MAX)
        *(__u64 *)(to + whole) &= HTTP1_MASK(n & 7);
}

static __noinline bool steady_request(struct connection *connection, __u32 n)
{
    struct http1_record *record = &connection->record;
    struct head head;
    __u32 parts;
    __u64 base;

    if ((connection->flags & STEADY_NOT) != CONNECTION_NAMED || n > HEAD_CAPTURE_MAX || n < 8 ||
        (connection->phase != PHASE_IDLE && connection->phase != PHASE_RESPONSE) || record->sequence == 0)
        return false;
    struct task_struct *task = bpf_get_current_task_btf();
    if (!steady_buffer(task, &base, &parts) || parts || record->pid != (__u32)task->tgid)
        return false;
    if (!steady_read(&head, n, base) || http1_known_method(head.word[0], n) != HTTP1_REQUEST)
        return false;
    steady_store(connection->data, &head, n);
    __u64 now = bpf_ktime_get_ns();
    connection->flags = (connection->flags | CONNECTION_BULK) &
                        ~(CONNECTION_TUNNEL | CONNECTION_MUTE | CONNECTION_CLOBBERED);
    connection->phase = PHASE_REQUEST;
    connection->misses = 0;
    record->flags = 0;
    record->socket_error = 0;
    record->sequence++;
    record->arrived = record->role == RECORD_ROLE_SERVER ? connection->received : 0;
    connection->received = 0;
    record->started = now;
    record->ended = now;
    record->responded = 0;
    record->request_bytes = n;
    record->response_bytes = 0;
    *(__u64 *)record->tail = 0;
    record->request_captured = n;
    record->response_offset = 0;
    record->response_captured = 0;
    return true;
}

// The last eight bytes of an answer that is longer than what is captured of it; `before` are those in front of these
// `length` bytes. Of a short body eight are read too: what follows it in memory is shifted out.
static __always_inline bool steady_tail(struct http1_record *record, __u64 before, __u64 from, __u32 length)
{
    __u64 last;

    if (bpf_probe_read_user(&last, sizeof last, (void *)(length < 8 ? from : from + length - 8)))
        return false;
    if (length < 8)
        last = before >> (length & 7) * 8 | last << (8 - (length & 7)) * 8;
    *(__u64 *)record->tail = last;
    return true;
}

// The final status, or 0: not the beginning of an answer, or of an interim one.
static __always_inline int steady_status(const struct head *head)
{
    __u64 low = head->word[0], high = head->word[1];
    __u8 first = high >> 8, second = high >> 16, third = high >> 24;

    if ((low & HTTP1_MASK(7)) != HTTP1_WORD('H', 'T', 'T', 'P', '/', '1', '.', 0) || (__u8)high != ' ' || first < '2' ||
        first > '9' || second < '0' || second > '9' || third < '0' || third > '9')
        return 0;
    return (first - '0') * 100 + (second - '0') * 10 + (third - '0');
}

static __noinline bool steady_response(struct connection *connection, __u32 n)
{
    struct http1_record *record = &connection->record;
    struct user_iovec part[2] = {};
    struct head head;
    __u32 parts, at = (record->request_captured + 7) & ~7u, first = n;
    __u64 base;

    if ((connection->flags & STEADY_NOT_ANSWERED) != CONNECTION_NAMED || connection->phase != PHASE_REQUEST || n < 16 ||
        record->response_bytes || record->family == AF_UNIX || at > HEAD_CAPTURE_MAX)
        return false;
    if (!steady_buffer(bpf_get_current_task_btf(), &base, &parts))
        return false;
    if (parts) {
        if (bpf_probe_read_user(part, parts == 2 ? sizeof part : sizeof part[0], (void *)base))
            return false;
        base = part[0].base;
        if (first > part[0].length)
            first = part[0].length;
        // The second one is the body: its first bytes are not captured.
        if (first < 16 || (first < n && (first > HEAD_CAPTURE_MAX || n - first > part[1].length)))
            return false;
    }
    __u32 captured = first > HEAD_CAPTURE_MAX ? HEAD_CAPTURE_MAX : first;
    if (!steady_read(&head, captured, base) || !steady_status(&head))
        return false;
    barrier_var(at);
    if (at > HEAD_CAPTURE_MAX)
        return false;
    steady_store(&connection->data[at], &head, captured);
    if (first < n) {
        __u32 end = at + captured - 8;
        barrier_var(end);
        if (end > 2 * HEAD_CAPTURE_MAX - 8)
            return false;
        __u64 before = *(__u64 *)&connection->data[end];
        if (before >> 32 != 0x0a0d0a0d || !steady_tail(record, before, part[1].base, n - first))
            return false;
    } else if (captured < n && !steady_tail(record, 0, base, n)) {
        return false;
    }
    __u64 now = bpf_ktime_get_ns();
    record->response_offset = at;
    record->response_captured = captured;
    record->response_bytes = n;
    record->responded = now;
    record->ended = now;
    record->emitted = now;
    connection->phase = PHASE_RESPONSE;
    record->kind = RECORD_KIND_HTTP1;
    record->size = sizeof *record + at + captured;
    ring_write(record, sizeof *record + at + captured, COUNTER_RECORD_HTTP1);
    return true;
}

static __always_inline bool steady_moved(struct connection *connection, bool received, __u32 n)
{
    if (connection->record.role == RECORD_ROLE_UNKNOWN)
        return false;
    return received == (connection->record.role == RECORD_ROLE_SERVER) ? steady_request(connection, n)
                                                                      : steady_response(connection, n);
}
