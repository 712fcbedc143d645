// Services that send telemetry of their own: seen by a call of theirs to an OTLP endpoint that was answered with
// success. Each is logged once; what they report themselves can be left out of what redstart shows of them, by
// signal. Called by collector/main.c. XREF(new-protocol): gRPC's export services, once HTTP/2 is read.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/red/self.h"
#include "collector/span/route_config.h"
#include "collector/span/span.h"

// Indices of the schema's names.
enum self_instrumented_choice { SELF_INSTRUMENTED_KEEP, SELF_INSTRUMENTED_MUTE };

struct self_instrumented_options {
    unsigned metrics, traces; // enum self_instrumented_choice: of services that send the same signal
};

struct self_instrumented_verdict {
    bool mute_metrics, mute_traces;
};

// Looks at a span for such a call, and says what is not to be shown of this one. Counts in `self`.
struct self_instrumented_verdict
self_instrumented_judge(const struct span *span, const struct self_instrumented_options *options, struct self *self);
