// b3: trace-id "-" span-id ["-" sampled ["-" parent-span-id]], or sampled alone; X-B3-TraceId, -SpanId, -Sampled,
// -Flags. Lower-case hex; see b3.h.
#include "collector/span/b3.h"

enum { ID_DIGITS = 16, TRACE_DIGITS_MAX = 32 };

// 0, 1; as older tracers write them: false, true.
static bool sampled_parse(struct str text, struct trace_context *context)
{
    bool yes = str_equal(text, STR("1")) || str_equal_nocase(text, STR("true"));
    if (!yes && !str_equal(text, STR("0")) && !str_equal_nocase(text, STR("false")))
        return false;
    context->decided = true;
    context->sampled = yes;
    return true;
}

static bool ids_parse(struct str trace_id, struct str span_id, struct trace_context *context)
{
    bool zero;
    if ((trace_id.n != ID_DIGITS && trace_id.n != TRACE_DIGITS_MAX) || span_id.n != ID_DIGITS)
        return false;
    uint8_t *low = context->trace_id + (TRACE_DIGITS_MAX - trace_id.n) / 2; // what is before stays 0
    if (!trace_context_hex(trace_id.p, low, trace_id.n / 2, &zero) || zero)
        return false;
    if (!trace_context_hex(span_id.p, context->parent_id, sizeof context->parent_id, &zero) || zero)
        return false;
    context->has_parent = true;
    return true;
}

// Cuts what is in front of the next '-' (or all) off *rest.
static struct str field_next(struct str *rest)
{
    const char *dash = rest->n ? memchr(rest->p, '-', rest->n) : NULL;
    size_t n = dash ? (size_t)(dash - rest->p) : rest->n, used = dash ? n + 1 : n;
    struct str field = {rest->p, n};
    *rest = (struct str){rest->p + used, rest->n - used};
    return field;
}

static bool flag_parse(struct str flag, struct trace_context *context)
{
    return sampled_parse(str_equal(flag, STR("d")) ? STR("1") : flag, context);
}

static bool single_parse(struct str rest, struct trace_context *context)
{
    if (rest.n <= 1)
        return rest.n && flag_parse(rest, context);
    bool ends_in_dash = rest.p[rest.n - 1] == '-';
    struct str trace_id = field_next(&rest), span_id = field_next(&rest);
    if (ends_in_dash || !ids_parse(trace_id, span_id, context))
        return false;
    return rest.n == 0 || flag_parse(field_next(&rest), context);
}

static bool multi_parse(const struct http1_b3 *headers, struct trace_context *context)
{
    bool debug = str_equal(headers->flags, STR("1"));
    if (debug)
        context->decided = context->sampled = true;
    else if (headers->sampled.n && !sampled_parse(headers->sampled, context))
        return false;
    if (!headers->trace_id.n && !headers->span_id.n)
        return context->decided;
    return ids_parse(headers->trace_id, headers->span_id, context);
}

bool b3_parse(const struct http1_b3 *headers, struct trace_context *ret_context)
{
    struct trace_context single = {.trace_state = STR("")}, multi = single;
    if (single_parse(headers->single, &single))
        *ret_context = single;
    else if (multi_parse(headers, &multi))
        *ret_context = multi;
    else
        return false;
    return true;
}
