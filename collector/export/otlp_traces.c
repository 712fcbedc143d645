// Batches of spans to OTLP; see otlp_traces.h. Spans of one service lie together, so the batch is gone through once for
// each service in it.
#include "collector/export/otlp_traces.h"

#include "collector/export/otlp_wire.h"

// Field numbers of trace.proto; those of a span itself are in otlp_span.c.
enum { REQUEST_RESOURCES = 1 };
enum { RESOURCE_RESOURCE = 1, RESOURCE_SCOPES = 2, RESOURCE_SCHEMA = 3 };
enum { SCOPE_SCOPE = 1, SCOPE_SCHEMA = 3 };

#define CLOSE_MAX (2 * (OTLP_WIRE_TAG + OTLP_WIRE_VARINT + sizeof(OTLP_SCHEMA_URL)))

struct trace_writer {
    struct buffer *body;
    struct arena *arena; // resources
    const struct otlp_origin *origin;
};

struct opened {
    size_t whole, scope;
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

// A ResourceSpans up to its spans, and what stands behind them. False: the arena is full.
static bool service_open(struct trace_writer *writer, const struct service *service, struct opened *ret_opened)
{
    struct buffer *body = writer->body;
    const otlp_resource *resource = otlp_resource_build(writer->arena, writer->origin, service);
    if (!resource)
        return false;
    ret_opened->whole = otlp_wire_open(body, REQUEST_RESOURCES);
    otlp_wire_message(body, RESOURCE_RESOURCE, &resource->base);
    ret_opened->scope = otlp_wire_open(body, RESOURCE_SCOPES);
    otlp_wire_message(body, SCOPE_SCOPE, &otlp_own_scope.base);
    return true;
}

static void service_close(struct buffer *body, struct opened opened)
{
    otlp_wire_text(body, SCOPE_SCHEMA, STR(OTLP_SCHEMA_URL));
    otlp_wire_close(body, opened.scope);
    otlp_wire_text(body, RESOURCE_SCHEMA, STR(OTLP_SCHEMA_URL));
    otlp_wire_close(body, opened.whole);
}

static void writer_reset(struct trace_writer *writer)
{
    arena_reset(writer->arena);
    buffer_reset(writer->body);
}

static bool one_service(const struct otlp_queue *queue)
{
    const struct otlp_queued *first = otlp_queue_first(queue);
    unsigned i = 1;
    while (i < queue->count && first[i].service == first->service)
        i++;
    return i >= queue->count;
}

// All that is queued, if it is of one service: as before, so there is just the room in front of it, and it becomes the
// request where it lies.
static bool request_write_in_place(struct trace_writer *writer, struct otlp_queue *queue)
{
    struct buffer *bytes = &queue->bytes, *body = writer->body;
    struct opened opened;
    writer_reset(writer);
    if (!service_open(writer, otlp_queue_first(queue)->service, &opened) || body->failed)
        return false;
    size_t front = body->n;
    if (front != otlp_queue_front(queue, front) || bytes->n + CLOSE_MAX > body->max ||
        !buffer_reserve(bytes, CLOSE_MAX))
        return false;
    memcpy(bytes->p, body->p, front);
    buffer_swap(bytes, body);
    service_close(body, opened);
    return true;
}

// All spans of the batch that belong to this service.
static bool service_write(struct trace_writer *writer, const struct batch *batch, const struct service *service)
{
    struct opened opened;
    if (!service_open(writer, service, &opened))
        return false;
    spans_write(writer->body, batch, service);
    service_close(writer->body, opened);
    return !writer->body->failed;
}

// False: the oldest n do not fit.
static bool request_write(struct trace_writer *writer, const struct otlp_queue *queue, unsigned n)
{
    writer_reset(writer);
    struct batch batch = {otlp_queue_first(queue), queue->bytes.p, n,
                          arena_take(writer->arena, n * sizeof(*batch.written))};
    bool good = batch.written != NULL;
    for (unsigned i = 0; i < n && good; i++)
        if (!batch.written[i])
            good = service_write(writer, &batch, batch.first[i].service);
    return good;
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
    bool whole = n && n == otlp_queue_count(queue) && one_service(queue) && request_write_in_place(&writer, queue);
    if (!whole)
        buffer_reset(body);
    while (n && !whole && !request_write(&writer, queue, n)) {
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
