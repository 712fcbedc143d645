// Spans that wait for their batch, oldest first: encoded when they come, for who is described may be gone later.
// Called by otlp.c and otlp_traces.c.
#pragma once

#include "collector/export/otlp_span.h"

struct otlp_queued {
    const struct service *service;
    uint32_t at, n; // its bytes, as otlp_span_write leaves them
    unsigned spans; // in these
};

struct otlp_queue {
    struct otlp_span_memory *memory;
    struct buffer bytes;
    size_t front, front_next; // of bytes, unused
    size_t bytes_before;      // of the queue that was emptied last
    unsigned first, count, max;
    struct otlp_queued slot[];
};

// bytes_max: encoded. 0 or -ENOMEM. Memory is touched only as far as the queue was ever full.
int otlp_queue_new(struct otlp_queue **ret_queue, unsigned max, size_t bytes_max) must_check;
void otlp_queue_free(struct otlp_queue *queue);
// False: full. arena: as otlp_span_write.
bool otlp_queue_push(struct otlp_queue *queue, const struct span *span, struct arena *arena) must_check;
// The oldest; the following ones, and their bytes, lie behind it.
static inline const struct otlp_queued *otlp_queue_first(const struct otlp_queue *queue)
{
    return &queue->slot[queue->first];
}
// How many bytes in front of the oldest one are unused; after the next time that all are forgotten they are `wanted`.
static inline size_t otlp_queue_front(struct otlp_queue *queue, size_t wanted)
{
    queue->front_next = wanted;
    return queue->first ? 0 : queue->front;
}
// Forgets the oldest n. Room is there again when all are forgotten.
void otlp_queue_drop(struct otlp_queue *queue, unsigned n);
static inline unsigned otlp_queue_count(const struct otlp_queue *queue)
{
    return queue->count;
}
