// Queued spans as an ExportTraceServiceRequest. Called by otlp.c. Pure.
#pragma once

#include "collector/export/otlp_message.h"
#include "collector/export/otlp_queue.h"

struct otlp_batch {
    unsigned taken; // from the queue; 0: it was empty
    unsigned spans; // in the request: a server span with a known queue time brings two children. 0: nothing fitted
};

// Packs the oldest spans, at most batch_max and as many as fit a request, into the (emptied) body and drops them from
// the queue. A span that fits no request at all is taken alone and lost.
struct otlp_batch otlp_traces_pack(struct otlp_queue *queue, unsigned batch_max, const struct otlp_origin *origin,
                                   struct arena *arena, struct buffer *body) must_check;
