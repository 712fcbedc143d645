// Series as ExportMetricsServiceRequests: explicit or exponential histograms, cumulative or of the time since the last
// round, one resource per service. Called by otlp.c.
#pragma once

#include "collector/export/otlp_message.h"

// Where the next request goes on; {0} starts a round. Series may come and go between two requests of a round: one that
// is missed shows up in the next round, with nothing lost.
struct otlp_metrics_cursor {
    uint32_t service;   // index
    bool gone;          // at its forgotten series
    unsigned series;    // of this service and phase, in the order of the red table
    size_t series_size; // packed, of the last request's on average
    bool begun;
    const struct red_series *last_gone; // of this round; NULL: none
};

struct otlp_metrics_source {
    struct red *red; // windows are emptied and forgotten series released as they are packed
    const struct process_table *processes;
    const struct otlp_origin *origin;
    uint64_t previous_unix_ns; // the last round: exemplars since then
};

// What red must keep for these settings, of enum red_extra.
unsigned otlp_metrics_extras(const struct otlp_settings *settings);
// Packs the next request of the round into the (emptied) body. Returns its data points; 0: the round is done.
unsigned otlp_metrics_pack(const struct otlp_metrics_source *source, struct otlp_metrics_cursor *cursor,
                           uint64_t now_unix_ns, struct arena *arena, struct buffer *body) must_check;
