// Spans to OTLP; see otlp_traces.h. Rules: OTLP 1.11 trace.proto, semantic conventions v1.44 (HTTP spans). Spans of one
// service lie together, so the batch is gone through once for each service in it.
#include "collector/export/otlp_traces.h"

#include "collector/export/otlp_wire.h"
#include "collector/span/attributes_list.h"

// Field numbers and values of trace.proto.
enum { REQUEST_RESOURCES = 1 };
enum { RESOURCE_RESOURCE = 1, RESOURCE_SCOPES = 2, RESOURCE_SCHEMA = 3 };
enum { SCOPE_SCOPE = 1, SCOPE_SPANS = 2, SCOPE_SCHEMA = 3 };
enum {
    SPAN_TRACE_ID = 1,
    SPAN_SPAN_ID = 2,
    SPAN_TRACE_STATE = 3,
    SPAN_PARENT_ID = 4,
    SPAN_NAME = 5,
    SPAN_KIND = 6,
    SPAN_START = 7
};
enum { SPAN_END = 8, SPAN_ATTRIBUTES = 9, SPAN_STATUS = 15, SPAN_FLAGS = 16 };
enum { STATUS_CODE = 3, STATUS_ERROR = 2 };
enum { KIND_INTERNAL = 1, KIND_SERVER = 2, KIND_CLIENT = 3 };
enum { FLAG_SAMPLED = 1, FLAG_HAS_IS_REMOTE = 0x100, FLAG_IS_REMOTE = 0x200 };

#define NAME_MAX_BYTES 256
#define SPANS_MAX      3 // "in queue", "processing"

struct trace_writer {
    struct buffer *body;
    struct arena *arena; // texts that had to be made UTF-8, resources
    const struct otlp_origin *origin;
    bool failed; // the arena is full
};

// The oldest n of the queue; written: which of them are in the request already.
struct batch {
    const struct otlp_queued *first;
    unsigned n;
    bool *written;
};

unsigned otlp_traces_weight(const struct span *span)
{
    return span->kind == SPAN_KIND_SERVER && span->queue_ns != SPAN_TIME_UNKNOWN ? SPANS_MAX : 1;
}

// Semantic conventions: a 4xx is the client's failure; no answer is one for both.
static bool span_failed(const struct span *span)
{
    if (span->status >= 400)
        return span->status >= 500 || span->kind == SPAN_KIND_CLIENT;
    return span->status == 0 || span->error_type;
}

// Inlined for each attribute of the list.
ATTRIBUTES_INLINE void attribute_write(void *context, const char *name, const struct span_value *value)
{
    struct trace_writer *writer = context;
    struct str key = str_from(name);
    switch (value->type) {
    case SPAN_VALUE_STRING:
        otlp_wire_attribute_text(writer->body, SPAN_ATTRIBUTES, key,
                                 value->ours ? value->text
                                             : otlp_text_clean(writer->arena, value->text, &writer->failed));
        break;
    case SPAN_VALUE_INT:
        otlp_wire_attribute_int(writer->body, SPAN_ATTRIBUTES, key, value->number);
        break;
    case SPAN_VALUE_BOOL:
        otlp_wire_attribute_bool(writer->body, SPAN_ATTRIBUTES, key, value->number != 0);
        break;
    }
}

static void span_write(struct trace_writer *writer, const struct otlp_queued *queued)
{
    const struct span *span = &queued->span;
    struct buffer *body = writer->body;
    char scratch[NAME_MAX_BYTES];
    bool server = span->kind == SPAN_KIND_SERVER, remote = server && span->has_parent;
    size_t opened = otlp_wire_open(body, SCOPE_SPANS);
    otlp_wire_bytes(body, SPAN_TRACE_ID, span->trace_id, sizeof(span->trace_id));
    otlp_wire_bytes(body, SPAN_SPAN_ID, span->span_id, sizeof(span->span_id));
    otlp_wire_text(body, SPAN_TRACE_STATE, span->trace_state);
    if (span->has_parent)
        otlp_wire_bytes(body, SPAN_PARENT_ID, span->parent_span_id, sizeof(span->parent_span_id));
    struct str name = span_name(span, scratch, sizeof(scratch));
    otlp_wire_text(body, SPAN_NAME, otlp_text_clean(writer->arena, name, &writer->failed));
    otlp_wire_uint(body, SPAN_KIND, server ? KIND_SERVER : KIND_CLIENT);
    otlp_wire_fixed64(body, SPAN_START, span->start_unix_ns);
    otlp_wire_fixed64(body, SPAN_END, span->start_unix_ns + span->duration_ns);
    attributes_list(span, queued->pid, attribute_write, writer);
    if (span_failed(span)) {
        size_t status = otlp_wire_open(body, SPAN_STATUS);
        otlp_wire_uint(body, STATUS_CODE, STATUS_ERROR);
        otlp_wire_close(body, status);
    }
    otlp_wire_fixed32(body, SPAN_FLAGS, FLAG_SAMPLED | FLAG_HAS_IS_REMOTE | (remote ? FLAG_IS_REMOTE : 0));
    otlp_wire_close(body, opened);
}

static void child_write(struct buffer *body, const struct span *parent, struct str name, uint64_t start_unix_ns,
                        uint64_t end_unix_ns)
{
    uint8_t id[sizeof(parent->span_id)];
    size_t opened = otlp_wire_open(body, SCOPE_SPANS);
    span_id_random(id, sizeof(id));
    otlp_wire_bytes(body, SPAN_TRACE_ID, parent->trace_id, sizeof(parent->trace_id));
    otlp_wire_bytes(body, SPAN_SPAN_ID, id, sizeof(id));
    otlp_wire_text(body, SPAN_TRACE_STATE, parent->trace_state);
    otlp_wire_bytes(body, SPAN_PARENT_ID, parent->span_id, sizeof(parent->span_id));
    otlp_wire_text(body, SPAN_NAME, name);
    otlp_wire_uint(body, SPAN_KIND, KIND_INTERNAL);
    otlp_wire_fixed64(body, SPAN_START, start_unix_ns);
    otlp_wire_fixed64(body, SPAN_END, end_unix_ns);
    otlp_wire_fixed32(body, SPAN_FLAGS, FLAG_SAMPLED | FLAG_HAS_IS_REMOTE);
    otlp_wire_close(body, opened);
}

static void family_write(struct trace_writer *writer, const struct otlp_queued *queued)
{
    const struct span *span = &queued->span;
    span_write(writer, queued);
    if (otlp_traces_weight(span) == 1)
        return;
    uint64_t start = span->start_unix_ns, read = start + span->queue_ns;
    child_write(writer->body, span, STR("in queue"), start, read);
    child_write(writer->body, span, STR("processing"), read, start + span->duration_ns);
}

// A ResourceSpans of all spans in the batch that belong to this service.
static void service_write(struct trace_writer *writer, const struct batch *batch, const struct service *service)
{
    struct buffer *body = writer->body;
    const struct otlp_queued *queued = batch->first;
    const otlp_resource *resource = otlp_resource_build(writer->arena, writer->origin, service);
    if (!resource) {
        writer->failed = true;
        return;
    }
    size_t whole = otlp_wire_open(body, REQUEST_RESOURCES);
    otlp_wire_message(body, RESOURCE_RESOURCE, &resource->base);
    size_t scope = otlp_wire_open(body, RESOURCE_SCOPES);
    otlp_wire_message(body, SCOPE_SCOPE, &otlp_own_scope.base);
    for (unsigned i = 0; i < batch->n; i++, queued = queued->next)
        if (queued->service == service) {
            family_write(writer, queued);
            batch->written[i] = true;
        }
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
    struct batch batch = {otlp_queue_first(queue), n, arena_take(writer->arena, n * sizeof(*batch.written))};
    const struct otlp_queued *queued = batch.first;
    writer->failed = !batch.written;
    for (unsigned i = 0; i < n && !writer->failed && !writer->body->failed; i++, queued = queued->next)
        if (!batch.written[i])
            service_write(writer, &batch, queued->service);
    return !writer->failed && !writer->body->failed;
}

static unsigned spans_count(const struct otlp_queue *queue, unsigned n)
{
    const struct otlp_queued *queued = otlp_queue_first(queue);
    unsigned spans = 0;
    for (; n; n--, queued = queued->next)
        spans += otlp_traces_weight(&queued->span);
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
