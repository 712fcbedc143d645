// Spans that wait for their batch: copies in a fixed pool, oldest first. Called by otlp.c and otlp_traces.c.
#pragma once

#include "collector/span/span.h"

// Trace state, method, path, query, route, user agent and host of one span together; what does not fit is cut off
// (the kernel side captures 256 bytes of a head, a route adds at most 127).
#define OTLP_QUEUE_TEXT_MAX 512

// scheme and error_type are static strings and stay pointers.
struct otlp_queued {
    struct otlp_queued *next;
    struct span span; // texts point to `text`; process is NULL, for the observed one may be gone by now
    uint32_t pid;
    struct service *service;
    char text[OTLP_QUEUE_TEXT_MAX];
};

struct otlp_queue;
// 0 or -ENOMEM. Memory is touched only as far as the queue was ever full.
int otlp_queue_new(struct otlp_queue **ret_queue, unsigned max) must_check;
void otlp_queue_free(struct otlp_queue *queue);
// False: full.
bool otlp_queue_push(struct otlp_queue *queue, const struct span *span) must_check;
// The oldest; NULL if empty. The following ones hang on ->next.
const struct otlp_queued *otlp_queue_first(const struct otlp_queue *queue);
// Forgets the oldest n.
void otlp_queue_drop(struct otlp_queue *queue, unsigned n);
unsigned otlp_queue_count(const struct otlp_queue *queue);
