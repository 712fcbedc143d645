// A request's span at its client, made of the one at its server. For the sample spans of red/ and export/.
#pragma once

#include "collector/span/span.h"

// A client knows of no queue.
static inline struct span client_span_of(struct span server)
{
    server.kind = SPAN_KIND_CLIENT;
    server.queue_ns = server.processing_ns = SPAN_TIME_UNKNOWN;
    return server;
}
