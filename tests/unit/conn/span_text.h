// A span as text, for tests that compare what two ways make of the same record: all of it but random ids and its
// likeness.
#pragma once

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "collector/span/span.h"

#define SPAN_TEXT_MAX 65536 // of several

struct span_text {
    char p[SPAN_TEXT_MAX];
    size_t n;
};

static inline void span_text_print(struct span_text *text, const char *format, ...) printf_like(2, 3);
static inline void span_text_print(struct span_text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text->n += (size_t)vsnprintf(text->p + text->n, SPAN_TEXT_MAX - text->n, format, list);
    va_end(list);
    if (text->n >= SPAN_TEXT_MAX)
        abort();
}

static inline void span_text_id(struct span_text *text, const char *name, const uint8_t *id, size_t n)
{
    span_text_print(text, " %s=", name);
    for (size_t i = 0; i < n; i++)
        span_text_print(text, "%02x", id[i]);
}

static inline void span_text_end(struct span_text *text, const char *name, const struct span_address *end)
{
    span_text_print(text, " %s=%s,%u,%u,%d", name, end->text, end->n, end->port, end->ipv6);
}

static inline void span_text_slice(struct span_text *text, const char *name, struct str slice)
{
    span_text_print(text, " %s=%zu:", name, slice.n);
    if (slice.n > SPAN_TEXT_MAX - text->n)
        abort();
    if (slice.n)
        memcpy(text->p + text->n, slice.p, slice.n); // a stranger's, zeros among them
    text->n += slice.n;
}

static inline void span_text_add(struct span_text *text, const struct span *span)
{
    span_text_print(text, "kind=%d process=%p parent=%d decided=%d sampled=%d", span->kind, (const void *)span->process,
                    span->has_parent, span->sampling_decided, span->sampled);
    if (span->has_parent) {
        span_text_id(text, "trace", span->trace_id, sizeof span->trace_id);
        span_text_id(text, "parent", span->parent_span_id, sizeof span->parent_span_id);
    }
    span_text_print(text, " start=%" PRIu64 ",%" PRIu64 " duration=%" PRIu64 " queue=%" PRIu64 " processing=%" PRIu64,
                    span->start_unix_ns, span->start_monotonic_ns, span->duration_ns, span->queue_ns,
                    span->processing_ns);
    span_text_print(text, " method=%d scheme=%s port=%u version=%d status=%u error=%s bodies=%" PRId64 ",%" PRId64,
                    span->method, span->scheme, span->server_port, span->version, span->status,
                    span->error_type ? span->error_type : "-", span->request_body, span->response_body);
    span_text_print(text, " truncated=%d ignored=%u", span->truncated, span->ignored);
    span_text_slice(text, "original", span->method_original);
    span_text_slice(text, "state", span->trace_state);
    span_text_slice(text, "path", span->path);
    span_text_slice(text, "query", span->query);
    span_text_slice(text, "route", span->route);
    span_text_slice(text, "agent", span->user_agent);
    span_text_slice(text, "server", span->server_address);
    span_text_slice(text, "forwarded", span->forwarded_for);
    span_text_end(text, "client", &span->client);
    span_text_end(text, "server", &span->server);
    span_text_print(text, "\n");
}

static inline bool span_text_same(const struct span_text *a, const struct span_text *b)
{
    return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}
