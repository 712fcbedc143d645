// Streams whose destination is no longer named: what waits in them is sent as far as 5 s allow. Called by otlp.c.
#pragma once

#include "collector/core/loop.h"
#include "collector/export/otlp_stream.h"

#define OTLP_RETIRED_MAX (2 * OTLP_DESTINATIONS_MAX)

struct otlp_retired {
    struct loop *loop;
    int timer; // negative: not initialised
    unsigned n;
    struct {
        struct otlp_stream *stream;
        uint64_t end_ns;      // monotonic
    } list[OTLP_RETIRED_MAX]; // oldest first
};

// 0 or -errno. *retired stays where it is.
int otlp_retired_init(struct otlp_retired *retired, struct loop *loop) must_check;
// What is left is counted as given up. Not initialised is fine.
void otlp_retired_release(struct otlp_retired *retired);
// Takes the stream. Where there are too many the oldest has no more time.
void otlp_retired_add(struct otlp_retired *retired, struct otlp_stream *stream);
