// Series as ExportMetricsServiceRequests: cumulative histograms, one resource per service. Called by otlp.c. Pure.
#pragma once

#include "collector/export/otlp_message.h"

// Where the next request goes on; {0} starts a round. Series may come and go between two requests of a round: one that
// is missed shows up in the next round, with nothing lost.
struct otlp_metrics_cursor {
    uint32_t service; // index
    unsigned series;  // of this service, both kinds, in the order of the red table
};

struct otlp_metrics_source {
    const struct red *red;
    const struct process_table *processes;
    const struct otlp_origin *origin;
};

// Packs the next request of the round into the (emptied) body. Returns its data points; 0: the round is done.
unsigned otlp_metrics_pack(const struct otlp_metrics_source *source, struct otlp_metrics_cursor *cursor,
                           uint64_t now_unix_ns, struct arena *arena, struct buffer *body) must_check;
