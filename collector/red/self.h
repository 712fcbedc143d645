// redstart's own health, as counters and gauges: exported beside the observed services' metrics so that loss is never
// silent. Each metric and each cause exists from the start, at 0.
#pragma once

#include <stdint.h>
#include "collector/meta/usage.h"
#include "common/abi/counters.h"
#include "common/lib/cleanup.h"

// Why a captured thing did not become a span, seen in user space. The kernel's causes are in common/abi/counters.h.
#define SELF_UNPARSED(X)                                                                                               \
    X(PIPELINED, "http", "pipelined")         /* a response shared a call with another one */                          \
    X(MALFORMED, "http", "malformed")         /* the head is not HTTP/1 after all */                                   \
    X(NO_REQUEST, "http", "no_request")       /* a response whose request was not seen (408 on idle, start-up) */      \
    X(UNKNOWN_PROCESS, "http", "unknown_process") /* the loader named no such process within a second */               \
    X(TABLE_FULL, "http", "table_full")       /* too many open exchanges at once */                                    \
    X(BAD_RECORD, "ring", "bad_record")       /* a ring record with impossible lengths */                              \
    X(RING_LOST, "ring", "lost")              /* a map's pages went away: no genuine one's do */                       \
    X(BAD_MESSAGE, "loader", "bad_message")   /* a conversation ended for what the loader said, sent or did not say */
enum self_unparsed {
#define X(id, protocol, cause) SELF_UNPARSED_##id,
    SELF_UNPARSED(X)
#undef X
    SELF_UNPARSED_MAX
};

// Spans that were built but not shown everywhere.
#define SELF_SPANS_DROPPED(X)                                                                                          \
    X(STDOUT_SLOW, "stdout_slow")     /* standard output's reader did not keep up */                                   \
    X(STDOUT_FAILED, "stdout_failed") /* it is closed, the disk is full ... */                                         \
    X(QUEUE_FULL, "queue_full")       /* the OTLP queue was full */                                                    \
    X(EXPORT_FAILED, "export_failed")                                                                                  \
    X(OWN_TRAFFIC, "own_traffic")     /* the other end's view of what redstart pushes, or of who reads its metrics */
enum self_spans_dropped {
#define X(id, cause) SELF_SPANS_DROPPED_##id,
    SELF_SPANS_DROPPED(X)
#undef X
    SELF_SPANS_DROPPED_MAX
};

// One OTLP destination and signal.
#define SELF_DESTINATIONS_MAX 8
enum self_signal { SELF_SIGNAL_METRICS, SELF_SIGNAL_TRACES, SELF_SIGNAL_MAX };
enum self_export_failure { SELF_FAILURE_REJECTED, SELF_FAILURE_GAVE_UP, SELF_FAILURE_QUEUE_FULL, SELF_FAILURE_MAX };
struct self_export {
    const char *destination; // URL without credentials; NULL: not in use
    uint64_t sent, retries, failed[SELF_FAILURE_MAX]; // in points or spans; retries in attempts
    uint64_t queued;               // points or requests' spans that wait
    uint64_t queued_bytes, capacity_bytes; // encoded
    uint64_t last_success_unix_ns; // 0: none yet
};

// What redstart itself takes: resident_bytes 0 where it is not known.
enum self_process { SELF_PROCESS_COLLECTOR, SELF_PROCESS_LOADER, SELF_PROCESS_MAX };

struct self {
    uint64_t unparsed[SELF_UNPARSED_MAX];
    uint64_t spans_dropped[SELF_SPANS_DROPPED_MAX];
    uint64_t spans[2]; // built, by span_kind
    uint64_t ignored[SELF_SIGNAL_MAX]; // requests left out by the configuration's ignore patterns
    struct self_export exports[SELF_DESTINATIONS_MAX][SELF_SIGNAL_MAX];
    uint64_t kernel[COUNTER_MAX]; // sum over CPUs, read from the mapped page before each export
    uint64_t muted[SELF_SIGNAL_MAX]; // of services that send it themselves: requests, spans
    uint32_t self_instrumented_services;
    uint32_t observed_processes;
    uint32_t connections;
    uint64_t ring_bytes;            // what a ring and the reserve hold; 0: no loader was there yet
    uint64_t ring_high_water_bytes; // the most that was found in them
    uint64_t drain_delay_ns,
        drain_delay_max_ns; // how long the oldest record of a drain had waited: the last one's, the worst
    struct usage usage[SELF_PROCESS_MAX];        // read with the counters
};
