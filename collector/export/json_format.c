// A span as a JSON object on one line (INTERFACE.md "A span as JSON"). Called by text.c. Whatever bytes came from the
// wire, the line is valid JSON in valid UTF-8.
#include "collector/export/text.h"

#include <time.h>
#include "collector/core/clock.h"
#include "collector/span/attributes.h"

static void add_string(struct buffer *buffer, const char *key, struct str value)
{
    buffer_add_char(buffer, '"');
    buffer_add_text(buffer, key);
    buffer_add_str(buffer, STR("\":\""));
    buffer_add_json(buffer, value);
    buffer_add_char(buffer, '"');
}

static void add_number(struct buffer *buffer, const char *key, uint64_t value)
{
    buffer_add_str(buffer, STR(",\""));
    buffer_add_text(buffer, key);
    buffer_add_str(buffer, STR("\":"));
    buffer_add_u64(buffer, value);
}

static void add_id(struct buffer *buffer, const char *key, const uint8_t *id, size_t size)
{
    buffer_add_str(buffer, STR(",\""));
    buffer_add_text(buffer, key);
    buffer_add_str(buffer, STR("\":\""));
    buffer_add_hex(buffer, id, size);
    buffer_add_char(buffer, '"');
}

// RFC 3339, UTC, nanoseconds.
static void add_time(struct buffer *buffer, uint64_t unix_ns)
{
    time_t seconds = (time_t)(unix_ns / NS_PER_SEC);
    struct tm utc;
    char text[32];
    if (!gmtime_r(&seconds, &utc) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc))
        text[0] = 0; // a year beyond int
    buffer_add_format(buffer, "{\"time\":\"%s.%09uZ\",", text, (unsigned)(unix_ns % NS_PER_SEC));
}

struct attribute_list {
    struct buffer *buffer;
    bool begun;
};

static void add_attribute(void *context, const char *key, const struct span_value *value)
{
    struct attribute_list *list = context;
    if (list->begun)
        buffer_add_char(list->buffer, ',');
    list->begun = true;
    if (value->type == SPAN_VALUE_STRING) {
        add_string(list->buffer, key, value->text);
        return;
    }
    buffer_add_char(list->buffer, '"');
    buffer_add_text(list->buffer, key);
    buffer_add_str(list->buffer, STR("\":"));
    if (value->type == SPAN_VALUE_INT)
        buffer_add_i64(list->buffer, value->number);
    else
        buffer_add_text(list->buffer, value->number ? "true" : "false");
}

void json_format_span(struct buffer *buffer, const struct span *span)
{
    char name[256];
    add_time(buffer, span->start_unix_ns);
    add_string(buffer, "kind", span->kind == SPAN_KIND_SERVER ? STR("server") : STR("client"));
    buffer_add_char(buffer, ',');
    add_string(buffer, "name", span_name(span, name, sizeof(name)));
    buffer_add_char(buffer, ',');
    add_string(buffer, "service.name", str_from(span->process->service->name));
    add_number(buffer, "duration_ns", span->duration_ns);
    if (span->queue_ns != SPAN_TIME_UNKNOWN)
        add_number(buffer, "queue_ns", span->queue_ns);
    if (span->processing_ns != SPAN_TIME_UNKNOWN)
        add_number(buffer, "processing_ns", span->processing_ns);
    add_id(buffer, "trace_id", span->trace_id, sizeof(span->trace_id));
    add_id(buffer, "span_id", span->span_id, sizeof(span->span_id));
    add_id(buffer, "parent_span_id", span->parent_span_id, span->has_parent ? sizeof(span->parent_span_id) : 0);
    buffer_add_str(buffer, STR(",\"attributes\":{"));
    span_attributes_walk(span, add_attribute, &(struct attribute_list){.buffer = buffer});
    buffer_add_str(buffer, STR("}}\n"));
}
