// version "-" trace-id "-" parent-id "-" flags, lower-case hex; see traceparent.h.
#include "collector/span/traceparent.h"

enum { TRACE_AT = 3, PARENT_AT = 36, FLAGS_AT = 53, LENGTH = 55 };

#define TRACESTATE_MAX 512

bool traceparent_parse(struct str header, struct trace_context *ret_context)
{
    struct trace_context parsed = {.has_parent = true, .decided = true, .trace_state = STR("")};
    uint8_t version, flags;
    bool zero;
    const char *p = header.p;
    if (header.n < LENGTH || p[TRACE_AT - 1] != '-' || p[PARENT_AT - 1] != '-' || p[FLAGS_AT - 1] != '-')
        return false;
    if (!trace_context_hex(p, &version, 1, &zero) || version == 0xff)
        return false;
    if (header.n > LENGTH && (version == 0 || p[LENGTH] != '-'))
        return false; // only later versions may append fields
    if (!trace_context_hex(p + TRACE_AT, parsed.trace_id, sizeof parsed.trace_id, &zero) || zero)
        return false;
    if (!trace_context_hex(p + PARENT_AT, parsed.parent_id, sizeof parsed.parent_id, &zero) || zero)
        return false;
    if (!trace_context_hex(p + FLAGS_AT, &flags, 1, &zero))
        return false;
    parsed.sampled = flags & 1;
    *ret_context = parsed;
    return true;
}

bool tracestate_valid(struct str header)
{
    for (size_t i = 0; i < header.n; i++)
        if (header.p[i] < 0x20 || header.p[i] > 0x7e)
            return false;
    return header.n <= TRACESTATE_MAX;
}
