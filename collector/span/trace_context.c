// See trace_context.h. A new format is a header pair of files beside traceparent.c and b3.c, and a case here.
#include "collector/span/trace_context.h"

#include "collector/span/b3.h"
#include "collector/span/traceparent.h"

// -1 for what is not a lower-case hex digit.
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool trace_context_hex(const char *text, uint8_t *bytes, size_t size, bool *ret_zero)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
        any |= bytes[i];
    }
    *ret_zero = any == 0;
    return true;
}

static bool propagator_read(enum propagator propagator, const struct http1_headers *headers,
                            struct trace_context *ret_context)
{
    switch (propagator) {
    case PROPAGATOR_TRACECONTEXT:
        if (!traceparent_parse(headers->traceparent, ret_context))
            return false;
        if (tracestate_valid(headers->tracestate))
            ret_context->trace_state = headers->tracestate;
        return true;
    case PROPAGATOR_B3:
        return b3_parse(&headers->b3, ret_context);
    case PROPAGATOR_MAX:
        break;
    }
    return false;
}

void trace_context_read(const struct propagators *propagators, const struct http1_headers *headers,
                        struct trace_context *ret_context)
{
    *ret_context = (struct trace_context){.trace_state = STR("")};
    for (unsigned i = 0; i < propagators->count; i++) {
        struct trace_context found = {.trace_state = STR("")};
        // A decision alone (B3 has that) does not take away ids that others found.
        if (propagator_read(propagators->order[i], headers, &found) && (found.has_parent || !ret_context->has_parent))
            *ret_context = found;
    }
}
