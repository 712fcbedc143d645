// Counters that the kernel side keeps: one struct per CPU in an mmapable array, summed by whoever reads.
// The tables name the Prometheus metric's label; each exists from the start, at 0. Loss is never silent.
#pragma once

#include "common/abi/types.h"

// redstart_records_total{kind}
#define COUNTERS_RECORDS(X)                                                                                            \
    X(RECORD_HTTP1, "http1")             /* an exchange: request and response head */                                  \
    X(RECORD_HTTP1_END, "http1_end")     /* the same exchange's final times and sizes */                               \
    X(RECORD_ENVIRONMENT, "environment") /* what a process says of itself */

// redstart_records_lost_total{cause}
#define COUNTERS_LOST(X)                                                                                               \
    X(LOST_RING_FULL, "ring_full")        /* the collector did not drain in time */                                    \
    X(LOST_NO_STORAGE, "no_storage")      /* the kernel had no memory for a connection's state */                      \
    X(LOST_EVENT_RING, "event_ring_full") /* a process event for the loader */

// The same metric; last, so that recordings keep the places of the others.
#define COUNTERS_SKIPPED(X)                                                                                            \
    X(LOST_PROBE_SKIPPED, "probe_skipped") /* a program did not run: it is interrupted on that CPU */

// redstart_unparsed_total{protocol,cause}: seen, but its buffer could not be read
#define COUNTERS_UNREADABLE(X)                                                                                         \
    X(UNREADABLE_IO_URING, "http", "io_uring")   /* the buffer is not in the system call's arguments */                \
    X(UNREADABLE_SPLICE, "http", "splice")       /* there is no user buffer */                                         \
    X(UNREADABLE_MMSG, "http", "mmsg")           /* which message of several is not known */                           \
    X(UNREADABLE_FAULT, "http", "fault")         /* the page was not there */                                          \
    X(UNREADABLE_SYSCALL, "http", "syscall")     /* a call we do not know (compat, new) */                             \
    X(NOT_HTTP_ANSWER, "http", "foreign_answer") /* looked like a request, the answer was not HTTP */

// Not labels of one metric: gauges and inner workings.
#define COUNTERS_OTHER(X)                                                                                              \
    X(CONNECTIONS_OPENED)                                                                                              \
    X(CONNECTIONS_CLOSED)                                                                                              \
    X(WAKE_UPS)   /* the reader was woken because a ring passed 25 % */                                                \
    X(TAILS_OPEN) /* responses that went on after their record: the loader's timer looks after them while > 0 */

enum counter {
#define X(id, ...) COUNTER_##id,
    COUNTERS_RECORDS(X) COUNTERS_LOST(X) COUNTERS_UNREADABLE(X) COUNTERS_OTHER(X) COUNTERS_SKIPPED(X)
#undef X
        COUNTER_MAX
};

// One CPU's counters; a power of two, so that no two CPUs share a cache line.
struct counters {
    __u64 value[32];
};
_Static_assert(COUNTER_MAX <= 32, "struct counters is full");
ABI_SIZE(struct counters, 256);
