// The steady state, straight: a connection that is known, a request in one read or write of a plain buffer, the
// answer's whole head in one more. That is nearly every exchange, so it is written for few instructions
// (tests/bench/cost); it does what request.h and response.h do in these cases, and leaves every other one to them,
// untouched.
#pragma once
#include "vmlinux.h"
#include "io/exchange.h"
#include "io/tcp_clock.h"
#include "io/registers.h"
#include "maps/settings.h"

#define STEADY_BLOCK 32 // a head is copied in blocks of this size, zeros behind it

// What keeps a connection from the straight way: to be decided, or something of the exchange before is still open.
#define STEADY_NOT                                                                                                     \
    (CONNECTION_IGNORED | CONNECTION_PENDING | CONNECTION_UNOWNED | CONNECTION_PARTIAL | CONNECTION_GREW |             \
     CONNECTION_STASHED)
#define STEADY_OVER         (CONNECTION_TUNNEL | CONNECTION_MUTE | CONNECTION_CLOBBERED) // with the exchange before
#define STEADY_NOT_ANSWERED (STEADY_NOT | STEADY_OVER)

// Where it is in the exchange: before a request (idle, or answered), or before the answer.
static __always_inline bool steady_idle(const struct connection *connection, enum record_role role)
{
    return (connection->state & CONNECTION_STATE(STEADY_NOT, 0xff & ~PHASE_RESPONSE, 0xff)) ==
           CONNECTION_STATE(0, PHASE_IDLE, role);
}

static __always_inline bool steady_asked(const struct connection *connection, enum record_role role)
{
    return (connection->state & CONNECTION_STATE(STEADY_NOT_ANSWERED, 0xff, 0xff)) ==
           CONNECTION_STATE(0, PHASE_REQUEST, role);
}

struct head {
    __u64 word[HEAD_CAPTURE_MAX / 8];
};

// Whose registers are not those of the call: io_uring's workers, the kernel's own threads.
static __always_inline bool steady_task(const struct task_struct *task)
{
    return !(task->flags & (PF_IO_WORKER | PF_KTHREAD));
}

// Is the call one with a plain buffer? Asked for one by one, the most frequent first. No look at whether it is a call
// of the 32-bit table: none of those that move socket data has one of these numbers.
static __always_inline bool steady_plain(const struct pt_regs *regs, enum record_role role)
{
    bool sent = role == RECORD_ROLE_SERVER;
    __u64 number = REGS_NUMBER(regs);

    if (number == (sent ? CALL_WRITE : CALL_READ))
        return true;
    barrier_var(number); // or the compiler makes a table of bits of it
    return number == (sent ? CALL_SENDTO : CALL_RECVFROM);
}

// The user's bytes by way of the stack: the kernel's checks of a copy into anything else cost more than a second copy.
static __always_inline bool steady_read(struct head *head, __u32 n, __u64 from)
{
    __u64 *last = &head->word[((n - 1) & (HEAD_CAPTURE_MAX - STEADY_BLOCK)) / 8];

#pragma unroll
    for (__u32 i = 0; i < STEADY_BLOCK / 8; i++)
        last[i] = 0;
    barrier_var(n);
    if (n > HEAD_CAPTURE_MAX)
        return false;
    return bpf_probe_read_user(head, n, (void *)from) == 0;
}

// As many blocks as n bytes touch.
static __always_inline void steady_store(__u8 *to, const struct head *head, __u32 n)
{
    __u64 *words = (__u64 *)to;

#pragma unroll
    for (__u32 i = 0; i < HEAD_CAPTURE_MAX / 8; i++) {
        if (i && i * 8 % STEADY_BLOCK == 0 && n <= i * 8)
            return;
        words[i] = head->word[i];
    }
}

static __always_inline bool steady_request(struct connection *connection, __u32 n, enum record_role role,
                                           struct head *head)
{
    struct http1_record *record = &connection->record;

    if (n > HEAD_CAPTURE_MAX || n < 8)
        return false;
    struct task_struct *task = bpf_get_current_task_btf();
    if (!steady_task(task) || record->pid != (__u32)task->tgid)
        return false;
    struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
    // Which call it is need not be asked: the others' argument is the address of addresses, which are no method.
    if (!steady_read(head, n, REGS_SECOND(regs)))
        return false;
    if ((__u32)head->word[0] != HTTP1_WORD('G', 'E', 'T', ' ', 0, 0, 0, 0) &&
        http1_known_method(head->word[0], n) != HTTP1_REQUEST)
        return false;
    steady_store(connection->data, head, n);
    __u64 now = bpf_ktime_get_ns();
    connection->state = (connection->state & ~CONNECTION_STATE(STEADY_OVER, 0xff, 0)) |
                        CONNECTION_STATE(CONNECTION_BULK, PHASE_REQUEST, 0);
    connection->misses = 0;
    record->flags = 0;
    record->sequence++;
    record->arrived = role == RECORD_ROLE_SERVER ? connection->received : 0;
    connection->received = 0;
    record->started = now;
    record->responded = 0;
    record->request_bytes = n;
    record->response_bytes = 0;
    *(__u64 *)record->tail = 0;
    *(__u64 *)&record->request_captured = n; // and no response, no path
    record->socket_error = 0;
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

// Of a call with a vector of two at most: where the answer's first part is, `first` bytes of n, and the rest if it is
// in another one; false: not so simple, or another call.
static __always_inline bool steady_parts(const struct pt_regs *regs, enum record_role role, struct user_iovec *part,
                                         __u32 n, __u64 *base, __u32 *first)
{
    __u64 parts = REGS_THIRD(regs);

    if (REGS_NUMBER(regs) != (role == RECORD_ROLE_SERVER ? CALL_WRITEV : CALL_READV) || (parts != 1 && parts != 2))
        return false;
    if (bpf_probe_read_user(part, parts == 2 ? 2 * sizeof *part : sizeof *part, (void *)*base))
        return false;
    *base = part[0].base;
    if (*first > part[0].length)
        *first = part[0].length;
    // The second one is the body: its first bytes are not captured.
    return *first >= 16 && (*first == n || (*first <= HEAD_CAPTURE_MAX && n - *first <= part[1].length));
}

static __always_inline bool steady_response(struct connection *connection, struct sock *sk, __u32 n,
                                            enum record_role role, struct head *head)
{
    struct http1_record *record = &connection->record;
    struct user_iovec part[2];
    __u32 at = (record->request_captured + 7) & ~7u, first = n;

    if (n < 16 || record->response_bytes)
        return false;
    struct task_struct *task = bpf_get_current_task_btf();
    if (!steady_task(task))
        return false;
    struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
    __u64 base = REGS_SECOND(regs);
    if (!steady_plain(regs, role) && !steady_parts(regs, role, part, n, &base, &first))
        return false;
    __u32 captured = first > HEAD_CAPTURE_MAX ? HEAD_CAPTURE_MAX : first;
    if (!steady_read(head, captured, base) || !http1_final_answer(head->word[0], head->word[1]))
        return false;
    barrier_var(at);
    if (at > HEAD_CAPTURE_MAX)
        return false;
    steady_store(&connection->data[at], head, captured);
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
    __u64 now = role == RECORD_ROLE_SERVER ? tcp_sent_at(sk) : bpf_ktime_get_ns();
    record->response_offset = at;
    record->response_captured = captured;
    record->response_bytes = n;
    record->responded = now;
    record->ended = now;
    record->emitted = now;
    connection->phase = PHASE_RESPONSE;
    record->kind = RECORD_KIND_HTTP1;
    record->size = sizeof *record + at + captured;
    ring_put(record, sizeof *record + at + captured, COUNTER_RECORD_HTTP1);
    return true;
}

// A call returned (sock, result, flags). NULL: done, or nothing to do. The context: the general way, with nothing
// changed.
static __noinline __u64 *steady_received(__u64 *context)
{
    struct sock *sk = (struct sock *)context[0];
    __u32 n = *(const __u32 *)&context[1];
    struct head head;
    bool done = false;

    if ((__s32)n <= 0 || context[2] & MSG_PEEK)
        return context;
    struct connection *connection = bpf_sk_storage_get(&connections, sk, (void *)0, 0);
    if (!connection)
        return context;
    connection_lock(connection, PATIENCE_LONG);
    if (steady_idle(connection, RECORD_ROLE_SERVER))
        done = steady_request(connection, n, RECORD_ROLE_SERVER, &head);
    else if (steady_asked(connection, RECORD_ROLE_CLIENT))
        done = steady_response(connection, sk, n, RECORD_ROLE_CLIENT, &head);
    else
        done = connection->flags & CONNECTION_IGNORED;
    connection_unlock(connection);
    return done ? (void *)0 : context;
}

static __noinline __u64 *steady_sent(__u64 *context)
{
    struct sock *sk = (struct sock *)context[0];
    __u32 n = *(const __u32 *)&context[1];
    struct head head;
    bool done = false;

    if ((__s32)n <= 0)
        return context;
    struct connection *connection = bpf_sk_storage_get(&connections, sk, (void *)0, 0);
    if (!connection)
        return context;
    connection_lock(connection, PATIENCE_LONG);
    if (steady_asked(connection, RECORD_ROLE_SERVER))
        done = steady_response(connection, sk, n, RECORD_ROLE_SERVER, &head);
    else if (steady_idle(connection, RECORD_ROLE_CLIENT))
        done = steady_request(connection, n, RECORD_ROLE_CLIENT, &head);
    else // a Unix socket's bytes are its peer's arrival
        done = connection->flags & CONNECTION_IGNORED && sk->__sk_common.skc_family != AF_UNIX;
    connection_unlock(connection);
    return done ? (void *)0 : context;
}
