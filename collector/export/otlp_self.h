// redstart's own metrics (red/self_metrics.h) as an ExportMetricsServiceRequest of their own, under a resource named
// "redstart". Called by otlp.c once in each round.
#pragma once

#include "collector/export/otlp_message.h"
#include "collector/red/red.h"
#include "collector/red/self.h"

// Values of counters: all tables, for every destination, and some room.
#define OTLP_SELF_COUNTS_MAX                                                                                           \
    (COUNTER_MAX + SELF_UNPARSED_MAX + SELF_SPANS_DROPPED_MAX +                                                        \
     SELF_DESTINATIONS_MAX * SELF_SIGNAL_MAX * (2 + SELF_FAILURE_MAX) + 32)

struct otlp_self {
    const struct self *self;
    const struct red *red;
    const struct otlp_origin *origin;
    struct service service;    // ourselves, as a resource
    uint64_t previous_unix_ns; // the last request, or the start
    uint64_t round;            // how often it was packed
    unsigned counts;
    struct otlp_self_count {
        uint64_t key;                  // of metric and labels
        uint64_t value, start_unix_ns; // as sent last
        uint64_t round;                // when it was there last
    } count[OTLP_SELF_COUNTS_MAX];
};

void otlp_self_init(struct otlp_self *own, const struct otlp_sources *sources, const struct otlp_origin *origin,
                    uint64_t now_unix_ns);
// Packs all of it into the (emptied) body, by the temporality of the settings; a counter that went back, as the kernel
// side's do with a new loader, starts again. Returns the number of data points; 0 if it does not fit.
unsigned otlp_self_pack(struct otlp_self *own, uint64_t now_unix_ns, struct arena *arena,
                        struct buffer *body) must_check;
