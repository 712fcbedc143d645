// The pool of span copies; see otlp_queue.h. Free slots are reused last in, first out, so that a queue that is mostly
// short stays in few pages.
#include "collector/export/otlp_queue.h"

#include <errno.h>

struct otlp_queue {
    struct otlp_queued *first, *last, *unused;
    unsigned count, max, touched; // slots from `touched` on were never in use
    struct otlp_queued slot[];
};

int otlp_queue_new(struct otlp_queue **ret_queue, unsigned max)
{
    struct otlp_queue *queue = calloc(1, sizeof(*queue) + max * sizeof(queue->slot[0]));
    if (!queue)
        return -ENOMEM;
    queue->max = max;
    *ret_queue = queue;
    return 0;
}

void otlp_queue_free(struct otlp_queue *queue)
{
    free(queue);
}

static struct otlp_queued *slot_take(struct otlp_queue *queue)
{
    struct otlp_queued *slot = queue->unused;
    if (slot)
        queue->unused = slot->next;
    else if (queue->touched < queue->max)
        slot = &queue->slot[queue->touched++];
    return slot;
}

// Moves *text into the slot.
static void text_keep(struct otlp_queued *queued, size_t *used, struct str *text)
{
    size_t room = sizeof(queued->text) - *used;
    if (text->n > room) {
        text->n = room;
        queued->span.truncated = true;
    }
    if (text->n)
        memcpy(queued->text + *used, text->p, text->n);
    text->p = queued->text + *used;
    *used += text->n;
}

bool otlp_queue_push(struct otlp_queue *queue, const struct span *span)
{
    struct otlp_queued *queued = slot_take(queue);
    if (!queued)
        return false;
    size_t used = 0;
    queued->next = NULL;
    queued->span = *span;
    queued->span.process = NULL;
    queued->pid = span->process->pid;
    queued->service = span->process->service;
    text_keep(queued, &used, &queued->span.trace_state); // first: it is whole or worth nothing
    text_keep(queued, &used, &queued->span.method_original);
    text_keep(queued, &used, &queued->span.server_address);
    text_keep(queued, &used, &queued->span.forwarded_for);
    text_keep(queued, &used, &queued->span.route);
    text_keep(queued, &used, &queued->span.path);
    text_keep(queued, &used, &queued->span.query);
    text_keep(queued, &used, &queued->span.user_agent);
    if (queue->last)
        queue->last->next = queued;
    else
        queue->first = queued;
    queue->last = queued;
    queue->count++;
    return true;
}

const struct otlp_queued *otlp_queue_first(const struct otlp_queue *queue)
{
    return queue->first;
}

void otlp_queue_drop(struct otlp_queue *queue, unsigned n)
{
    for (; n && queue->first; n--) {
        struct otlp_queued *oldest = queue->first;
        queue->first = oldest->next;
        oldest->next = queue->unused;
        queue->unused = oldest;
        queue->count--;
    }
    if (!queue->first)
        queue->last = NULL;
}

unsigned otlp_queue_count(const struct otlp_queue *queue)
{
    return queue->count;
}
