// A span's attributes as one list of (key, typed value), in a fixed order, so that JSON lines and OTLP show the same.
// Names: OpenTelemetry semantic conventions v1.44 (HTTP spans). Called by export/text.c and export/otlp_span.c.
#pragma once

#include <stdint.h>
#include "collector/span/span.h"
#include "common/lib/str.h"

struct span_value {
    enum { SPAN_VALUE_STRING, SPAN_VALUE_INT, SPAN_VALUE_BOOL } type;
    bool ours;       // SPAN_VALUE_STRING: the text is of our making, ASCII without control characters
    struct str text; // SPAN_VALUE_STRING: bytes from the wire, maybe invalid UTF-8; good during the call only
    int64_t number;  // SPAN_VALUE_INT, SPAN_VALUE_BOOL
};

// key: static, NUL-terminated.
typedef void span_attribute_fn(void *context, const char *key, const struct span_value *value);

// Calls fn for each attribute that is known; at most SPAN_ATTRIBUTES_MAX times. What may hold secrets is redacted:
// credentials in an authority, and the values of signature parameters in a query.
#define SPAN_ATTRIBUTES_MAX 24
void span_attributes_walk(const struct span *span, span_attribute_fn *fn, void *context);
