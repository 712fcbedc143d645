// Spans to OTLP; see otlp_traces.h. Rules: OTLP 1.11 trace.proto, semantic conventions v1.44 (HTTP spans).
#include "collector/export/otlp_traces.h"

#include "collector/span/attributes.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"

typedef Opentelemetry__Proto__Trace__V1__Span otlp_span_message;
typedef Opentelemetry__Proto__Trace__V1__Status otlp_status;
typedef Opentelemetry__Proto__Trace__V1__ScopeSpans otlp_scope_spans;
typedef Opentelemetry__Proto__Trace__V1__ResourceSpans otlp_resource_spans;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest otlp_trace_request;

#define KIND(name)   OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_##name
#define FLAG(name)   OPENTELEMETRY__PROTO__TRACE__V1__SPAN_FLAGS__SPAN_FLAGS_##name
#define FLAG_SAMPLED 1

#define NAME_MAX_BYTES 256
#define CHILDREN       2 // "in queue", "processing"
#define SPANS_MAX      (1 + CHILDREN)
#define FIELD_OVERHEAD 6 // a tag and a length in front of an embedded message

// A built span, waiting for its place in a resource's list.
struct built {
    struct built *next;
    otlp_span_message message;
    otlp_status status;
    uint8_t id[8];
};

// The spans of one service.
struct group {
    struct group *next;
    const struct service *service;
    struct built *first, **end;
    size_t count;
    otlp_resource_spans resource_spans;
    otlp_scope_spans scope_spans;
};

struct trace_builder {
    struct arena *arena;
    const struct otlp_origin *origin;
    struct group *first, **end;
    size_t groups, spans, packed; // packed: bytes so far
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

static void attribute_take(void *context, const char *key, const struct span_value *value)
{
    struct otlp_attributes *attributes = context;
    switch (value->type) {
    case SPAN_VALUE_STRING:
        otlp_attributes_text(attributes, key, value->text);
        break;
    case SPAN_VALUE_INT:
        otlp_attributes_int(attributes, key, value->number);
        break;
    case SPAN_VALUE_BOOL:
        otlp_attributes_bool(attributes, key, value->number != 0);
        break;
    }
}

// What parent and children have in common.
static struct built *built_new(struct trace_builder *builder, const struct otlp_queued *queued)
{
    struct built *built = arena_take(builder->arena, sizeof(*built));
    if (!built)
        return NULL;
    opentelemetry__proto__trace__v1__span__init(&built->message);
    opentelemetry__proto__trace__v1__status__init(&built->status);
    built->message.trace_id = (ProtobufCBinaryData){sizeof(queued->span.trace_id), (uint8_t *)queued->span.trace_id};
    built->message.flags = FLAG_SAMPLED | FLAG(CONTEXT_HAS_IS_REMOTE_MASK);
    return built;
}

static struct built *span_build(struct trace_builder *builder, const struct otlp_queued *queued)
{
    const struct span *span = &queued->span;
    const struct process process = {.pid = queued->pid, .service = queued->service};
    struct span complete = *span;
    struct built *built = built_new(builder, queued);
    struct otlp_attributes attributes;
    char scratch[NAME_MAX_BYTES];
    if (!built)
        return NULL;
    otlp_span_message *message = &built->message;
    bool server = span->kind == SPAN_KIND_SERVER;
    message->span_id = (ProtobufCBinaryData){sizeof(span->span_id), (uint8_t *)span->span_id};
    if (span->has_parent) {
        message->parent_span_id = (ProtobufCBinaryData){sizeof(span->parent_span_id), (uint8_t *)span->parent_span_id};
        message->flags |= server ? FLAG(CONTEXT_IS_REMOTE_MASK) : 0;
    }
    message->kind = server ? KIND(SERVER) : KIND(CLIENT);
    message->start_time_unix_nano = span->start_unix_ns;
    message->end_time_unix_nano = span->start_unix_ns + span->duration_ns;
    message->name = otlp_text(builder->arena, span_name(span, scratch, sizeof(scratch)));
    otlp_attributes_init(&attributes, builder->arena, SPAN_ATTRIBUTES_MAX);
    complete.process = &process;
    span_attributes_walk(&complete, attribute_take, &attributes);
    message->attributes = attributes.list;
    message->n_attributes = attributes.n;
    if (span_failed(span)) {
        built->status.code = OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR;
        message->status = &built->status;
    }
    return message->name && !attributes.failed ? built : NULL;
}

static struct built *child_build(struct trace_builder *builder, const struct otlp_queued *queued, const char *name,
                                 uint64_t start_unix_ns, uint64_t end_unix_ns)
{
    struct built *built = built_new(builder, queued);
    if (!built)
        return NULL;
    span_id_random(built->id, sizeof(built->id));
    built->message.span_id = (ProtobufCBinaryData){sizeof(built->id), built->id};
    built->message.parent_span_id =
        (ProtobufCBinaryData){sizeof(queued->span.span_id), (uint8_t *)queued->span.span_id};
    built->message.name = (char *)name;
    built->message.kind = KIND(INTERNAL);
    built->message.start_time_unix_nano = start_unix_ns;
    built->message.end_time_unix_nano = end_unix_ns;
    return built;
}

// The service's group; a new one costs its resource. NULL when the arena is full.
static struct group *group_find(struct trace_builder *builder, const struct service *service)
{
    for (struct group *group = builder->first; group; group = group->next)
        if (group->service == service)
            return group;
    struct group *group = arena_take(builder->arena, sizeof(*group));
    otlp_resource *resource = group ? otlp_resource_build(builder->arena, builder->origin, service) : NULL;
    if (!resource)
        return NULL;
    opentelemetry__proto__trace__v1__resource_spans__init(&group->resource_spans);
    opentelemetry__proto__trace__v1__scope_spans__init(&group->scope_spans);
    group->service = service;
    group->end = &group->first;
    group->resource_spans.resource = resource;
    group->resource_spans.schema_url = group->scope_spans.schema_url = OTLP_SCHEMA_URL;
    group->scope_spans.scope = &otlp_own_scope;
    return group;
}

// What the arrays at the end will need: one pointer for each span and group, and alignment for each array.
static bool finish_fits(const struct trace_builder *builder, size_t spans, size_t groups)
{
    size_t need = (spans + groups) * sizeof(void *) + (groups * 2 + 2) * (sizeof(void *) * 4);
    return need + sizeof(otlp_trace_request) <= builder->arena->size - builder->arena->used;
}

// Adds a span with its children, or nothing: false when the request is full.
static bool builder_add(struct trace_builder *builder, const struct otlp_queued *queued)
{
    const struct span *span = &queued->span;
    size_t count = otlp_traces_weight(span), packed = 0, used = builder->arena->used;
    struct group *group = group_find(builder, queued->service);
    struct built *built[SPANS_MAX] = {NULL};
    bool is_new = group && group->count == 0, fits = group;

    if (fits && count == SPANS_MAX) {
        uint64_t start = span->start_unix_ns, read = start + span->queue_ns;
        built[1] = child_build(builder, queued, "in queue", start, read);
        built[2] = child_build(builder, queued, "processing", read, start + span->duration_ns);
    }
    built[0] = fits ? span_build(builder, queued) : NULL;
    for (size_t i = 0; i < count; i++) {
        fits = fits && built[i];
        packed += fits ? protobuf_c_message_get_packed_size(&built[i]->message.base) + FIELD_OVERHEAD : 0;
    }
    if (fits && is_new)
        packed += protobuf_c_message_get_packed_size(&group->resource_spans.base) +
                  protobuf_c_message_get_packed_size(&otlp_own_scope.base) + sizeof(OTLP_SCHEMA_URL) +
                  4 * FIELD_OVERHEAD;
    if (!fits || builder->packed + packed > OTLP_REQUEST_MAX ||
        !finish_fits(builder, builder->spans + count, builder->groups + is_new)) {
        builder->arena->used = used;
        return false;
    }
    if (is_new) {
        *builder->end = group;
        builder->end = &group->next;
        builder->groups++;
    }
    for (size_t i = 0; i < count; i++) {
        *group->end = built[i];
        group->end = &built[i]->next;
    }
    group->count += count;
    builder->spans += count;
    builder->packed += packed;
    return true;
}

// Turns the lists into the arrays that protobuf-c wants (finish_fits has seen to the room), and packs.
static int builder_pack(struct trace_builder *builder, struct buffer *body)
{
    otlp_trace_request *request = arena_take(builder->arena, sizeof(*request));
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__init(request);
    request->resource_spans = arena_take(builder->arena, builder->groups * sizeof(otlp_resource_spans *));
    for (struct group *group = builder->first; group; group = group->next) {
        otlp_scope_spans *scope_spans = &group->scope_spans;
        scope_spans->spans = arena_take(builder->arena, group->count * sizeof(otlp_span_message *));
        for (struct built *built = group->first; built; built = built->next)
            scope_spans->spans[scope_spans->n_spans++] = &built->message;
        group->resource_spans.scope_spans = arena_take(builder->arena, sizeof(otlp_scope_spans *));
        group->resource_spans.scope_spans[0] = scope_spans;
        group->resource_spans.n_scope_spans = 1;
        request->resource_spans[request->n_resource_spans++] = &group->resource_spans;
    }
    return otlp_pack(&request->base, body);
}

struct otlp_batch otlp_traces_pack(struct otlp_queue *queue, unsigned batch_max, const struct otlp_origin *origin,
                                   struct arena *arena, struct buffer *body)
{
    struct trace_builder builder = {.arena = arena, .origin = origin};
    const struct otlp_queued *queued = otlp_queue_first(queue);
    struct otlp_batch batch = {.taken = 0};

    builder.end = &builder.first;
    arena_reset(arena);
    buffer_reset(body);
    while (queued && batch.taken < batch_max && builder_add(&builder, queued)) {
        batch.taken++;
        queued = queued->next;
    }
    if (batch.taken && builder_pack(&builder, body) == 0)
        batch.spans = (unsigned)builder.spans;
    else if (queued && !batch.taken)
        batch.taken = 1;
    otlp_queue_drop(queue, batch.taken); // only now: the messages point into the queue's slots
    return batch;
}
