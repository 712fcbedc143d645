// version "-" trace-id "-" parent-id "-" flags, lower-case hex; see traceparent.h.
#include "collector/span/traceparent.h"

enum { TRACE_AT = 3, PARENT_AT = 36, FLAGS_AT = 53, LENGTH = 55 };

#define TRACESTATE_MAX 512

// -1 for what is not a lower-case hex digit.
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// size bytes from 2 * size digits; *ret_zero: all of them are 0.
static bool hex_decode(const char *text, uint8_t *bytes, size_t size, bool *ret_zero)
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

bool traceparent_parse(struct str header, struct traceparent *ret_traceparent)
{
    struct traceparent parsed;
    uint8_t version, flags;
    bool zero;
    const char *p = header.p;
    if (header.n < LENGTH || p[TRACE_AT - 1] != '-' || p[PARENT_AT - 1] != '-' || p[FLAGS_AT - 1] != '-')
        return false;
    if (!hex_decode(p, &version, 1, &zero) || version == 0xff)
        return false;
    if (header.n > LENGTH && (version == 0 || p[LENGTH] != '-'))
        return false; // only later versions may append fields
    if (!hex_decode(p + TRACE_AT, parsed.trace_id, sizeof parsed.trace_id, &zero) || zero)
        return false;
    if (!hex_decode(p + PARENT_AT, parsed.parent_id, sizeof parsed.parent_id, &zero) || zero)
        return false;
    if (!hex_decode(p + FLAGS_AT, &flags, 1, &zero))
        return false;
    parsed.sampled = flags & 1;
    *ret_traceparent = parsed;
    return true;
}

bool tracestate_valid(struct str header)
{
    for (size_t i = 0; i < header.n; i++)
        if (header.p[i] < 0x20 || header.p[i] > 0x7e)
            return false;
    return header.n <= TRACESTATE_MAX;
}
