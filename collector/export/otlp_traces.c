// Batches of spans to OTLP; see otlp_traces.h. Spans of one service lie together, so the batch is gone through once for
// each service in it.
#include "collector/export/otlp_traces.h"

#include "collector/export/otlp_wire.h"

// Field numbers of trace.proto; those of a span itself are in otlp_span.c.
enum { REQUEST_RESOURCES = 1 };
enum { RESOURCE_RESOURCE = 1, RESOURCE_SCOPES = 2, RESOURCE_SCHEMA = 3 };
enum { SCOPE_SCOPE = 1, SCOPE_SCHEMA = 3 };

struct trace_writer {
    struct buffer *body;
    struct arena *arena; // resources
    const struct otlp_origin *origin;
    bool failed; // the arena is full
};

// The oldest n of the queue; written: which of them are in the request already.
struct batch {
    const struct otlp_queued *first;
    const char *bytes; // of the queue
    unsigned n;
    bool *written;
};

// All spans of the service. Those that came one after the other lie so, and are copied at once.
static void spans_write(struct buffer *body, const struct batch *batch, const struct service *service)
{
    for (unsigned i = 0; i < batch->n; i++) {
        const struct otlp_queued *run = &batch->first[i];
        size_t n = 0;
        for (; i < batch->n && batch->first[i].service == service; i++) {
            n += batch->first[i].n;
            batch->written[i] = true;
        }
        buffer_add(body, batch->bytes + run->at, n);
    }
}

// A ResourceSpans of all spans in the batch that belong to this service.
static void service_write(struct trace_writer *writer, const struct batch *batch, const struct service *service)
{
    struct buffer *body = writer->body;
    const otlp_resource *resource = otlp_resource_build(writer->arena, writer->origin, service);
    if (!resource) {
        writer->failed = true;
        return;
    }
    size_t whole = otlp_wire_open(body, REQUEST_RESOURCES);
    otlp_wire_message(body, RESOURCE_RESOURCE, &resource->base);
    size_t scope = otlp_wire_open(body, RESOURCE_SCOPES);
    otlp_wire_message(body, SCOPE_SCOPE, &otlp_own_scope.base);
    spans_write(body, batch, service);
    otlp_wire_text(body, SCOPE_SCHEMA, STR(OTLP_SCHEMA_URL));
    otlp_wire_close(body, scope);
    otlp_wire_text(body, RESOURCE_SCHEMA, STR(OTLP_SCHEMA_URL));
    otlp_wire_close(body, whole);
}

// False: the oldest n do not fit.
static bool request_write(struct trace_writer *writer, const struct otlp_queue *queue, unsigned n)
{
    arena_reset(writer->arena);
    buffer_reset(writer->body);
    struct batch batch = {otlp_queue_first(queue), queue->bytes.p, n,
                          arena_take(writer->arena, n * sizeof(*batch.written))};
    writer->failed = !batch.written;
    for (unsigned i = 0; i < n && !writer->failed && !writer->body->failed; i++)
        if (!batch.written[i])
            service_write(writer, &batch, batch.first[i].service);
    return !writer->failed && !writer->body->failed;
}

static unsigned spans_count(const struct otlp_queue *queue, unsigned n)
{
    unsigned spans = 0;
    for (unsigned i = 0; i < n; i++)
        spans += otlp_queue_first(queue)[i].spans;
    return spans;
}

struct otlp_batch otlp_traces_pack(struct otlp_queue *queue, unsigned batch_max, const struct otlp_origin *origin,
                                   struct arena *arena, struct buffer *body)
{
    struct trace_writer writer = {.body = body, .arena = arena, .origin = origin};
    unsigned n = otlp_queue_count(queue) < batch_max ? otlp_queue_count(queue) : batch_max;
    struct otlp_batch batch = {.taken = 0};
    buffer_reset(body);
    while (n && !request_write(&writer, queue, n)) {
        buffer_reset(body);
        if (n == 1)
            batch.taken = 1;
        n /= 2;
    }
    if (n)
        batch = (struct otlp_batch){.taken = n, .spans = spans_count(queue, n)};
    otlp_queue_drop(queue, batch.taken);
    return batch;
}
