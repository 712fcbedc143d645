// What metric and trace requests share: text, attributes, the resource of a service, all built in an arena for
// protobuf-c to pack. Called by otlp_metrics.c, otlp_traces.c, otlp_span.c. Text may be foreign bytes; it becomes valid
// UTF-8.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/core/arena.h"
#include "collector/core/buffer.h"
#include "collector/export/otlp.h"
#include "opentelemetry/proto/common/v1/common.pb-c.h"
#include "opentelemetry/proto/resource/v1/resource.pb-c.h"

// Short names for generated types: the originals do not leave room for anything else in a line.
typedef Opentelemetry__Proto__Common__V1__KeyValue otlp_key_value;
typedef Opentelemetry__Proto__Common__V1__AnyValue otlp_any_value;
typedef Opentelemetry__Proto__Common__V1__InstrumentationScope otlp_scope;
typedef Opentelemetry__Proto__Resource__V1__Resource otlp_resource;

// Semantic conventions that our names are taken from.
#define OTLP_SCHEMA_URL "https://opentelemetry.io/schemas/1.44.0"
// A request is cut here, below what common servers accept (gRPC's 4 MiB; the Collector's 20 MiB); and the arena it is
// built in.
#define OTLP_REQUEST_MAX (3 << 20)
#define OTLP_ARENA_SIZE  (1 << 20)

// An attribute list under construction. Once the arena is full `failed` is set and stays; check it at the end.
struct otlp_attributes {
    struct arena *arena;
    otlp_key_value **list;
    size_t n, max;
    bool failed;
};

void otlp_attributes_init(struct otlp_attributes *attributes, struct arena *arena, size_t max);
// key: must live until the request is packed. An empty text adds nothing.
void otlp_attributes_text(struct otlp_attributes *attributes, const char *key, struct str text);

// Text as protobuf wants it: NUL-terminated, bytes that are not UTF-8 (and NULs) replaced by U+FFFD. NULL when full.
char *otlp_text(struct arena *arena, struct str text);

// ASCII without NUL, as nearly every text is: nothing to look at closely. By words: the top bit of a byte of `marks` is
// set if the byte has it, or is 0 (or stands above one that is).
static inline bool otlp_text_plain(struct str text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t word = 0, marks = 0;
    for (size_t i = 0; i + sizeof word < text.n; i += sizeof word) {
        memcpy(&word, text.p + i, sizeof word);
        marks |= word | (word - ones);
    }
    if (text.n >= sizeof word) { // the last one, of which a part was seen
        memcpy(&word, text.p + text.n - sizeof word, sizeof word);
        marks |= word | (word - ones);
        return !(marks & tops);
    }
    for (size_t i = 0; i < text.n; i++)
        marks |= (uint64_t)((uint8_t)text.p[i] | (uint8_t)(text.p[i] - 1));
    return !(marks & tops);
}

// The same as a slice, which is the text itself if nothing has to be replaced. *failed is set when the arena is full.
struct str otlp_text_repair(struct arena *arena, struct str text, bool *failed);
static inline struct str otlp_text_clean(struct arena *arena, struct str text, bool *failed)
{
    return otlp_text_plain(text) ? text : otlp_text_repair(arena, text, failed);
}

// Who is described: everything that does not change between requests.
struct otlp_origin {
    const struct otlp_settings *settings;
    char host_name[65];
};

// The resource of one service instance. What the service says of itself wins over what was found out, our own
// OTEL_RESOURCE_ATTRIBUTES over both, except over the service's name and ourselves. NULL when the arena is full.
otlp_resource *otlp_resource_build(struct arena *arena, const struct otlp_origin *origin,
                                   const struct service *service);
extern otlp_scope otlp_own_scope;
