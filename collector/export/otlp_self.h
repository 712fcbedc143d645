// redstart's own health as an ExportMetricsServiceRequest of its own: the counters of struct self, under a resource
// named "redstart". Called by otlp.c once in each round. Pure.
#pragma once

#include "collector/export/otlp_message.h"

struct otlp_self_source {
    const struct self *self;
    const struct red *red;
    const struct otlp_origin *origin;
    uint64_t start_unix_ns; // when counting began
};

// Packs all of it into the (emptied) body. Returns the number of data points; 0 if it does not fit.
unsigned otlp_self_pack(const struct otlp_self_source *source, uint64_t now_unix_ns, struct arena *arena,
                        struct buffer *body) must_check;
