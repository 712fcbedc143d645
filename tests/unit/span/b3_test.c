// B3 in one header and in several (openzipkin/b3-propagation): which context each gives, or none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "collector/span/b3.h"
#include "common/lib/cleanup.h"
#include "tests/unit/l7/guard.h"

#define LOW   "48485a3953bb6124"
#define TRACE "463ac35c9f6413ad" LOW
#define SPAN  "a2fb4a1d1a96d312"
#define ZERO  "0000000000000000"

enum outcome {
    NOTHING,
    WIDE = 1,   // the ids, with all 128 bits of the trace's
    NARROW = 2, // with its low 64 bits
    SAMPLED = 4,
    REFUSED = 8,
};

static void context_check(const struct http1_b3 *headers, unsigned expected, const char *what)
{
    static const uint8_t trace[16] = {0x46, 0x3a, 0xc3, 0x5c, 0x9f, 0x64, 0x13, 0xad,
                                      0x48, 0x48, 0x5a, 0x39, 0x53, 0xbb, 0x61, 0x24};
    static const uint8_t span[8] = {0xa2, 0xfb, 0x4a, 0x1d, 0x1a, 0x96, 0xd3, 0x12}, zero[8];
    struct trace_context context = {.has_parent = true, .decided = true};
    bool found = b3_parse(headers, &context);
    if (found != (expected != NOTHING))
        fail_msg("%s: found %d", what, found);
    if (!found)
        return;
    bool ids = expected & (WIDE | NARROW);
    if (context.has_parent != ids || context.decided != ((expected & (SAMPLED | REFUSED)) != 0) ||
        context.sampled != ((expected & SAMPLED) != 0))
        fail_msg("%s: parent %d decided %d sampled %d", what, context.has_parent, context.decided, context.sampled);
    if (!ids)
        return;
    assert_memory_equal(context.trace_id + 8, trace + 8, 8);
    assert_memory_equal(context.trace_id, expected & WIDE ? trace : zero, 8);
    assert_memory_equal(context.parent_id, span, sizeof span);
}

static const struct {
    const char *header;
    unsigned expected;
} singles[] = {
    {TRACE "-" SPAN "-1-05e3ac9a4f6e3b90", WIDE | SAMPLED},
    {TRACE "-" SPAN "-1", WIDE | SAMPLED},
    {TRACE "-" SPAN "-d", WIDE | SAMPLED},
    {TRACE "-" SPAN "-0", WIDE | REFUSED},
    {TRACE "-" SPAN "-true", WIDE | SAMPLED},
    {TRACE "-" SPAN, WIDE},
    {LOW "-" SPAN "-1", NARROW | SAMPLED},
    {LOW "-" SPAN, NARROW},
    {"0", REFUSED},
    {"1", SAMPLED},
    {"d", SAMPLED},
    {"", NOTHING},
    {"2", NOTHING},
    {"-", NOTHING},
    {"--", NOTHING},
    {TRACE, NOTHING},
    {TRACE "-", NOTHING},
    {TRACE "-" SPAN "-", NOTHING},
    {TRACE "-" SPAN "-2", NOTHING},
    {TRACE "-" SPAN "--05e3ac9a4f6e3b90", NOTHING},
    {TRACE "-" SPAN "-05e3ac9a4f6e3b90", NOTHING},
    {TRACE "-" SPAN "0", NOTHING},
    {TRACE "0-" SPAN, NOTHING},
    {"463AC35C9F6413AD48485A3953BB6124-" SPAN, NOTHING},
    {"463ac35c9f6413ad48485a3953bb612-" SPAN, NOTHING},
    {"g63ac35c9f6413ad48485a3953bb6124-" SPAN, NOTHING},
    {ZERO ZERO "-" SPAN "-1", NOTHING},
    {TRACE "-" ZERO "-1", NOTHING},
};

static void single(void **state)
{
    for (size_t i = 0; i < array_size(singles); i++) {
        struct http1_b3 headers = {.single = guard_before_end(str_from(singles[i].header))};
        context_check(&headers, singles[i].expected, singles[i].header);
        headers.single = guard_after_start(headers.single);
        context_check(&headers, singles[i].expected, singles[i].header);
    }
}

// Cut off anywhere, a header gives the same ids or nothing, and never another decision.
static void prefixes(void **state)
{
    struct str whole = STR(TRACE "-" SPAN "-1-05e3ac9a4f6e3b90");
    size_t ids = STR(TRACE "-" SPAN).n;
    for (size_t n = 2; n <= whole.n; n++) {
        struct http1_b3 headers = {.single = guard_before_end((struct str){whole.p, n})};
        unsigned expected = n == ids ? WIDE : n < ids + 2 || whole.p[n - 1] == '-' ? NOTHING : WIDE | SAMPLED;
        context_check(&headers, expected, "a prefix");
    }
}

static const struct {
    const char *single, *trace_id, *span_id, *sampled, *flags;
    unsigned expected;
} multis[] = {
    {NULL, TRACE, SPAN, "1", NULL, WIDE | SAMPLED},
    {NULL, TRACE, SPAN, "0", NULL, WIDE | REFUSED},
    {NULL, TRACE, SPAN, NULL, NULL, WIDE},
    {NULL, LOW, SPAN, "True", NULL, NARROW | SAMPLED},
    {NULL, LOW, SPAN, "false", NULL, NARROW | REFUSED},
    {NULL, TRACE, SPAN, NULL, "1", WIDE | SAMPLED},
    {NULL, TRACE, SPAN, "0", "1", WIDE | SAMPLED}, // debug implies sampled
    {NULL, TRACE, SPAN, "0", "0", WIDE | REFUSED},
    {NULL, TRACE, SPAN, "d", NULL, NOTHING},
    {NULL, TRACE, SPAN, "yes", NULL, NOTHING},
    {NULL, NULL, NULL, "0", NULL, REFUSED},
    {NULL, NULL, NULL, NULL, "1", SAMPLED},
    {NULL, NULL, NULL, NULL, NULL, NOTHING},
    {NULL, TRACE, NULL, "1", NULL, NOTHING},
    {NULL, NULL, SPAN, "1", NULL, NOTHING},
    {NULL, TRACE "00", SPAN, "1", NULL, NOTHING},
    {NULL, TRACE, ZERO, "1", NULL, NOTHING},
    // The single header first; the others where it says nothing.
    {TRACE "-" SPAN "-0", LOW, SPAN, "1", NULL, WIDE | REFUSED},
    {"0", TRACE, SPAN, "1", NULL, REFUSED},
    {"nonsense", LOW, SPAN, "1", NULL, NARROW | SAMPLED},
};

static void multi(void **state)
{
    for (size_t i = 0; i < array_size(multis); i++) {
        const struct http1_b3 headers = {str_from(multis[i].single), str_from(multis[i].trace_id),
                                         str_from(multis[i].span_id), str_from(multis[i].sampled),
                                         str_from(multis[i].flags)};
        char what[32];
        snprintf(what, sizeof what, "row %zu", i);
        context_check(&headers, multis[i].expected, what);
    }
}

// W3C and B3 in one request: the last of the configured ones that finds ids.
static void precedence(void **state)
{
    static const struct propagators w3c_b3 = {2, {PROPAGATOR_TRACECONTEXT, PROPAGATOR_B3}},
                                    b3_w3c = {2, {PROPAGATOR_B3, PROPAGATOR_TRACECONTEXT}}, b3 = {1, {PROPAGATOR_B3}},
                                    none = {0};
#define W3C "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    static const struct {
        const struct propagators *propagators;
        const char *traceparent, *single;
        uint8_t first; // of the trace id; 0: no parent
        bool state, decided;
    } cases[] = {
        {&w3c_b3, W3C, TRACE "-" SPAN, 0x46, false, false},
        {&b3_w3c, W3C, TRACE "-" SPAN, 0x0a, true, true},
        {&w3c_b3, W3C, NULL, 0x0a, true, true},
        {&b3_w3c, NULL, TRACE "-" SPAN, 0x46, false, false},
        {&w3c_b3, W3C, "0", 0x0a, true, true},
        {&b3_w3c, W3C, "0", 0x0a, true, true},
        {&b3_w3c, "00-x", "0", 0, false, true},
        {&propagators_default, W3C, TRACE "-" SPAN, 0x0a, true, true},
        {&propagators_default, NULL, TRACE "-" SPAN, 0, false, false},
        {&b3, W3C, NULL, 0, false, false},
        {&none, W3C, TRACE "-" SPAN, 0, false, false},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        const struct http1_headers headers = {.traceparent = str_from(cases[i].traceparent),
                                              .tracestate = STR("a=1"),
                                              .b3 = {.single = str_from(cases[i].single)}};
        struct trace_context context;
        trace_context_read(cases[i].propagators, &headers, &context);
        assert_int_equal(context.has_parent, cases[i].first != 0);
        assert_int_equal(context.trace_id[0], cases[i].first);
        assert_int_equal(context.trace_state.n != 0, cases[i].state);
        assert_int_equal(context.decided, cases[i].decided);
    }
#undef W3C
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(single), cmocka_unit_test(prefixes), cmocka_unit_test(multi),
                                       cmocka_unit_test(precedence)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
