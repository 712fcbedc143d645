// Payloads that wait for one destination, oldest first, limited in items and in bytes. Called by otlp_stream.c.
#pragma once

#include "collector/export/otlp_payload.h"

struct otlp_backlog {
    unsigned destination; // its place in otlp_payload.next
    unsigned items_max;   // 0: any
    size_t bytes_max;
    struct otlp_payload *first, *last;
    unsigned items;
    size_t bytes;
};

// An empty backlog takes any payload: its size is limited elsewhere.
bool otlp_backlog_fits(const struct otlp_backlog *backlog, const struct otlp_payload *payload);
// Takes over the caller's reference.
void otlp_backlog_push(struct otlp_backlog *backlog, struct otlp_payload *payload);
// The oldest, with its reference; NULL if there is none.
struct otlp_payload *otlp_backlog_pop(struct otlp_backlog *backlog);
