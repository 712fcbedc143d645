// See otlp_queue.h.
#include "collector/export/otlp_queue.h"

#include <errno.h>
#include "collector/export/otlp_payload.h"
#include "collector/export/otlp_wire.h"

int otlp_queue_new(struct otlp_queue **ret_queue, unsigned max, size_t bytes_max)
{
    struct otlp_queue *queue = calloc(1, sizeof(*queue) + max * sizeof(queue->slot[0]));
    if (!queue)
        return -ENOMEM;
    queue->max = max;
    buffer_init(&queue->bytes, bytes_max);
    if (otlp_span_memory_new(&queue->memory) < 0) {
        otlp_queue_free(queue);
        return -ENOMEM;
    }
    *ret_queue = queue;
    return 0;
}

void otlp_queue_free(struct otlp_queue *queue)
{
    if (!queue)
        return;
    otlp_span_memory_free(queue->memory);
    buffer_release(&queue->bytes);
    free(queue);
}

// The first one of a batch, which will be about as long as the one before: no growing by and by.
static void queue_begin(struct otlp_queue *queue)
{
    size_t expected = queue->bytes_before > queue->front_next ? queue->bytes_before : queue->front_next;
    bool fits = buffer_reserve(&queue->bytes, expected);
    queue->front = fits ? queue->front_next : 0;
    otlp_wire_undo(&queue->bytes, queue->front);
}

bool otlp_queue_push(struct otlp_queue *queue, const struct span *span, struct arena *arena)
{
    if (!queue->count)
        queue_begin(queue);
    size_t at = queue->bytes.n;
    if (queue->first + queue->count == queue->max || !otlp_span_write(queue->memory, span, arena, &queue->bytes))
        return false;
    queue->slot[queue->first + queue->count++] = (struct otlp_queued){
        .service = span->process->service,
        .at = (uint32_t)at,
        .n = (uint32_t)(queue->bytes.n - at),
        .spans = otlp_span_weight(span),
    };
    return true;
}

void otlp_queue_drop(struct otlp_queue *queue, unsigned n)
{
    n = n < queue->count ? n : queue->count;
    queue->first += n;
    queue->count -= n;
    if (!n || queue->count)
        return;
    const struct otlp_queued *last = &queue->slot[queue->first - 1];
    queue->bytes_before = last->at + last->n;
    queue->first = 0;
    buffer_reset(&queue->bytes);
    if (queue->bytes.room > OTLP_BODY_KEPT_MAX)
        buffer_release(&queue->bytes);
}
