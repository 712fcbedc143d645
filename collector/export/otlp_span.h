// One span, with the children that its times give it, as `spans` of a ScopeSpans. Called by otlp_queue.c for each span
// as it comes; texts are a stranger's. Spans of one likeness (span.h) are nearly the same bytes: those of the first one
// are kept, and of the next ones only ids, times and the client's port are written, at the places where they were.
#pragma once

#include "collector/core/arena.h"
#include "collector/core/buffer.h"
#include "collector/span/span.h"

struct otlp_span_memory;
// 0 or -ENOMEM.
int otlp_span_memory_new(struct otlp_span_memory **ret_memory) must_check;
void otlp_span_memory_free(struct otlp_span_memory *memory);

// How many spans of a request this one becomes: a server's with a known queue time brings two children.
unsigned otlp_span_weight(const struct span *span);
// arena: for texts that have to be made UTF-8; emptied here. False, with the body as it was: it does not fit in.
bool otlp_span_write(struct otlp_span_memory *memory, const struct span *span, struct arena *arena,
                     struct buffer *body) must_check;
