// See otlp_span.h. Rules: OTLP 1.11 trace.proto, semantic conventions v1.44 (HTTP spans). There is one code that writes
// spans; what is kept are bytes that it wrote, and where in them it wrote what varies.
#include "collector/export/otlp_span.h"

#include <errno.h>
#include "collector/export/otlp_message.h"
#include "collector/export/otlp_wire.h"
#include "collector/span/attributes_list.h"
#include "collector/span/route_config.h"

// Field numbers and values of trace.proto.
enum { SCOPE_SPANS = 2 };
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
#define PARTS_MAX      3   // the span, "in queue", "processing"
#define KEPT           128 // likenesses, by their number
#define KEPT_MAX_BYTES 1280

// A span of the request: what it has that others of its likeness have not.
struct part {
    const uint8_t *trace_id, *parent_id; // NULL: it has no parent
    uint8_t id[8];
    uint64_t start, end;
};

// Behind which byte, counted from the first part's first, each of that ends.
struct places {
    uint16_t trace_id, parent_id, id, start, end;
};

// The bytes of a span, and what another one must have the same to be the same bytes.
struct kept {
    uint64_t likeness; // 0: free
    const struct span_selection *selection;
    uint32_t pid;
    unsigned parts, port_size;
    size_t state_n, client_n, route_n;
    bool has_parent;
    uint16_t port, n; // where the client's port ends; 0: it is not told
    struct places places[PARTS_MAX];
    char client[ADDRESS_TEXT_MAX], route[ROUTE_PATTERN_TEXT_MAX], bytes[KEPT_MAX_BYTES];
};

struct otlp_span_memory {
    struct kept kept[KEPT];
};

struct span_writer {
    struct buffer *body;
    struct arena *arena; // texts that had to be made UTF-8
    size_t from;         // of the body
    struct places places[PARTS_MAX];
    uint16_t port;
    bool failed; // the arena is full
};

int otlp_span_memory_new(struct otlp_span_memory **ret_memory)
{
    *ret_memory = calloc(1, sizeof(**ret_memory));
    return *ret_memory ? 0 : -ENOMEM;
}

void otlp_span_memory_free(struct otlp_span_memory *memory)
{
    free(memory);
}

unsigned otlp_span_weight(const struct span *span)
{
    return span->kind == SPAN_KIND_SERVER && span->queue_ns != SPAN_TIME_UNKNOWN ? PARTS_MAX : 1;
}

// Semantic conventions: a 4xx is the client's failure; no answer is one for both.
static bool span_failed(const struct span *span)
{
    if (span->status >= 400)
        return span->status >= 500 || span->kind == SPAN_KIND_CLIENT;
    return span->status == 0 || span->error_type;
}

static unsigned parts_of(const struct span *span, struct part parts[PARTS_MAX])
{
    uint64_t start = span->start_unix_ns, end = start + span->duration_ns;
    parts[0] = (struct part){span->trace_id, span->has_parent ? span->parent_span_id : NULL, {0}, start, end};
    memcpy(parts[0].id, span->span_id, sizeof(parts[0].id));
    if (otlp_span_weight(span) == 1)
        return 1;
    parts[1] = (struct part){span->trace_id, span->span_id, {0}, start, start + span->queue_ns};
    parts[2] = (struct part){span->trace_id, span->span_id, {0}, start + span->queue_ns, end};
    span_id_random(parts[1].id, sizeof(parts[1].id));
    span_id_random(parts[2].id, sizeof(parts[2].id));
    return PARTS_MAX;
}

static uint16_t place(const struct span_writer *writer)
{
    return (uint16_t)(writer->body->n - writer->from);
}

// Inlined for each attribute of the list.
ATTRIBUTES_INLINE void attribute_write(void *context, const char *name, const struct span_value *value)
{
    struct span_writer *writer = context;
    struct str key = str_from(name);
    switch (value->type) {
    case SPAN_VALUE_STRING:
        otlp_wire_attribute_text(writer->body, SPAN_ATTRIBUTES, key,
                                 value->ours ? value->text
                                             : otlp_text_clean(writer->arena, value->text, &writer->failed));
        break;
    case SPAN_VALUE_INT:
        otlp_wire_attribute_int(writer->body, SPAN_ATTRIBUTES, key, value->number);
        if (strcmp(name, "client.port") == 0)
            writer->port = place(writer);
        break;
    case SPAN_VALUE_BOOL:
        otlp_wire_attribute_bool(writer->body, SPAN_ATTRIBUTES, key, value->number != 0);
        break;
    }
}

// What all parts begin with.
static size_t part_open(struct span_writer *writer, const struct span *span, unsigned i, const struct part *part,
                        struct str name, unsigned kind)
{
    struct buffer *body = writer->body;
    struct places *places = &writer->places[i];
    size_t opened = otlp_wire_open(body, SCOPE_SPANS);
    otlp_wire_bytes(body, SPAN_TRACE_ID, part->trace_id, sizeof(span->trace_id));
    places->trace_id = place(writer);
    otlp_wire_bytes(body, SPAN_SPAN_ID, part->id, sizeof(part->id));
    places->id = place(writer);
    otlp_wire_text(body, SPAN_TRACE_STATE, span->trace_state);
    if (part->parent_id)
        otlp_wire_bytes(body, SPAN_PARENT_ID, part->parent_id, sizeof(span->parent_span_id));
    places->parent_id = place(writer);
    otlp_wire_text(body, SPAN_NAME, name);
    otlp_wire_uint(body, SPAN_KIND, kind);
    otlp_wire_sfixed64(body, SPAN_START, (int64_t)part->start);
    places->start = place(writer);
    otlp_wire_sfixed64(body, SPAN_END, (int64_t)part->end);
    places->end = place(writer);
    return opened;
}

static void span_write(struct span_writer *writer, const struct span *span, const struct part *part)
{
    struct buffer *body = writer->body;
    char scratch[NAME_MAX_BYTES];
    bool server = span->kind == SPAN_KIND_SERVER, remote = server && span->has_parent;
    struct str name = otlp_text_clean(writer->arena, span_name(span, scratch, sizeof(scratch)), &writer->failed);
    size_t opened = part_open(writer, span, 0, part, name, server ? KIND_SERVER : KIND_CLIENT);
    attributes_list(span, span->process->pid, attribute_write, writer);
    if (span_failed(span)) {
        size_t status = otlp_wire_open(body, SPAN_STATUS);
        otlp_wire_uint(body, STATUS_CODE, STATUS_ERROR);
        otlp_wire_close(body, status);
    }
    otlp_wire_fixed32(body, SPAN_FLAGS, FLAG_SAMPLED | FLAG_HAS_IS_REMOTE | (remote ? FLAG_IS_REMOTE : 0));
    otlp_wire_close(body, opened);
}

static void child_write(struct span_writer *writer, const struct span *span, unsigned i, const struct part *part,
                        struct str name)
{
    size_t opened = part_open(writer, span, i, part, name, KIND_INTERNAL);
    otlp_wire_fixed32(writer->body, SPAN_FLAGS, FLAG_SAMPLED | FLAG_HAS_IS_REMOTE);
    otlp_wire_close(writer->body, opened);
}

static unsigned port_size(const struct span *span)
{
    return span->client.port ? otlp_wire_varint_size(span->client.port) : 0;
}

static bool kept_fits(const struct kept *kept, const struct span *span, unsigned parts)
{
    return kept->likeness == span->likeness && kept->pid == span->process->pid && kept->parts == parts &&
           kept->selection == span->selection && kept->has_parent == span->has_parent &&
           kept->port_size == port_size(span) && kept->state_n == span->trace_state.n &&
           str_equal((struct str){kept->client, kept->client_n}, (struct str){span->client.text, span->client.n}) &&
           str_equal((struct str){kept->route, kept->route_n}, span->route);
}

// Behind a proxy the client is told otherwise, and seldom the same.
static void kept_set(struct kept *kept, const struct span_writer *writer, const struct span *span, unsigned parts)
{
    size_t n = writer->body->n - writer->from;
    if (!span->likeness || n > KEPT_MAX_BYTES || span->route.n > ROUTE_PATTERN_TEXT_MAX || span->forwarded_for.n)
        return;
    kept->likeness = span->likeness;
    kept->selection = span->selection;
    kept->pid = span->process->pid;
    kept->parts = parts;
    kept->port_size = port_size(span);
    kept->state_n = span->trace_state.n;
    kept->client_n = span->client.n;
    kept->route_n = span->route.n;
    kept->has_parent = span->has_parent;
    kept->port = writer->port;
    kept->n = (uint16_t)n;
    memcpy(kept->places, writer->places, sizeof(kept->places));
    memcpy(kept->client, span->client.text, span->client.n);
    if (span->route.n)
        memcpy(kept->route, span->route.p, span->route.n);
    memcpy(kept->bytes, writer->body->p + writer->from, n);
}

static inline void part_patch(char *bytes, const struct places *places, const struct part *part)
{
    memcpy(bytes + places->trace_id - 16, part->trace_id, 16);
    memcpy(bytes + places->id - sizeof(part->id), part->id, sizeof(part->id));
    if (part->parent_id)
        memcpy(bytes + places->parent_id - 8, part->parent_id, 8);
    memcpy(bytes + places->start - sizeof(part->start), &part->start, sizeof(part->start));
    memcpy(bytes + places->end - sizeof(part->end), &part->end, sizeof(part->end));
}

static bool kept_write(const struct kept *kept, const struct span *span, const struct part *parts, struct buffer *body)
{
    char *to = buffer_reserve(body, kept->n);
    if (!to)
        return false;
    memcpy(to, kept->bytes, kept->n);
    for (unsigned i = 0; i < kept->parts; i++)
        part_patch(to, &kept->places[i], &parts[i]);
    if (kept->port)
        otlp_wire_varint(to + kept->port - kept->port_size, span->client.port);
    body->n += kept->n;
    return true;
}

bool otlp_span_write(struct otlp_span_memory *memory, const struct span *span, struct arena *arena, struct buffer *body)
{
    struct span_writer writer = {.body = body, .arena = arena, .from = body->n};
    struct kept *kept = &memory->kept[span->likeness % KEPT];
    struct part parts[PARTS_MAX];
    unsigned n = parts_of(span, parts);
    if (span->likeness && kept_fits(kept, span, n) && kept_write(kept, span, parts, body))
        return true;
    arena_reset(arena);
    span_write(&writer, span, &parts[0]);
    if (n > 1) {
        child_write(&writer, span, 1, &parts[1], STR("in queue"));
        child_write(&writer, span, 2, &parts[2], STR("processing"));
    }
    if (writer.failed || body->failed) {
        otlp_wire_undo(body, writer.from);
        return false;
    }
    kept_set(kept, &writer, span, n);
    return true;
}
