// See trace_context.h. A new format is a header pair of files beside traceparent.c and b3.c, and a case here.
#include "collector/span/trace_context.h"

#include "collector/span/b3.h"
#include "collector/span/traceparent.h"

// 1 + the value of a lower-case hex digit, 0 of anything else.
static const uint8_t hex_digits[256] = {
    ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
};

bool trace_context_hex(const char *text, uint8_t *bytes, size_t size, bool *ret_zero)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned high = hex_digits[(uint8_t)text[2 * i]], low = hex_digits[(uint8_t)text[2 * i + 1]];
        if (!high || !low)
            return false;
        bytes[i] = (uint8_t)((high - 1) << 4 | (low - 1));
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
