// --propagators and OTEL_PROPAGATORS: which headers are read, in what order, and what a mistake is answered.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "collector/conf/propagators.h"

enum { W3C = PROPAGATOR_TRACECONTEXT, B3 = PROPAGATOR_B3 };

static struct complaint complaint;

static void assert_propagators(const struct propagators *seen, const struct propagators *expected)
{
    assert_int_equal(seen->count, expected->count);
    assert_memory_equal(seen->order, expected->order, expected->count);
}

#define EXPECTED "expected tracecontext, baggage, b3, b3multi (a comma list of them) or none"

static const struct {
    const char *list;
    struct propagators expected;
    const char *unknown; // for the option an error, for the variable a warning and then what was expected
} rows[] = {
    {"tracecontext", {1, {W3C}}, NULL},
    {"tracecontext,baggage", {1, {W3C}}, NULL},
    {"b3", {1, {B3}}, NULL},
    {"b3multi", {1, {B3}}, NULL},
    {" B3 , TraceContext ", {2, {B3, W3C}}, NULL},
    {"tracecontext,b3,b3multi,tracecontext", {2, {W3C, B3}}, NULL},
    {"baggage", {0}, NULL},
    {"none", {0}, NULL},
    {" None ", {0}, NULL},
    {"b3,jaeger", {1, {B3}}, "jaeger"},
    {"none,b3", {1, {B3}}, "none"},
    {"xray", {1, {W3C}}, "xray"},
};

static void option(void **state)
{
    char expected[200];
    for (size_t i = 0; i < array_size(rows); i++) {
        struct propagators seen = {0};
        complaint = (struct complaint){0};
        assert_int_equal(propagators_parse(rows[i].list, &seen, &complaint), rows[i].unknown ? -22 : 0);
        if (!rows[i].unknown)
            assert_propagators(&seen, &rows[i].expected);
        snprintf(expected, sizeof expected, "--propagators %s: " EXPECTED, rows[i].unknown ? rows[i].unknown : "");
        assert_string_equal(complaint.error, rows[i].unknown ? expected : "");
    }
    struct propagators seen;
    for (const char *const *list = (const char *const[]){"", " , ,", NULL}; *list; list++) {
        complaint = (struct complaint){0};
        assert_int_equal(propagators_parse(*list, &seen, &complaint), -22);
        assert_string_equal(complaint.error, "--propagators: " EXPECTED);
    }
}

static void variable(void **state)
{
    char text[100], expected[200];
    for (size_t i = 0; i < array_size(rows); i++) {
        struct propagators seen = propagators_default;
        snprintf(text, sizeof text, "OTEL_PROPAGATORS=%s", rows[i].list);
        complaint = (struct complaint){0};
        propagators_environment((char *const[]){text, NULL}, &seen, &complaint);
        assert_propagators(&seen, &rows[i].expected);
        assert_int_equal(complaint.warnings, rows[i].unknown ? 1 : 0);
        snprintf(expected, sizeof expected, "OTEL_PROPAGATORS: %s: " EXPECTED "; ignored", rows[i].unknown);
        if (rows[i].unknown)
            assert_string_equal(complaint.warning[0], expected);
    }
    struct propagators seen = {0};
    assert_false(propagators_environment((char *const[]){NULL}, &seen, &complaint));
    assert_false(propagators_environment((char *const[]){"OTEL_PROPAGATORS= ,", NULL}, &seen, &complaint));
    assert_int_equal(seen.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(option), cmocka_unit_test(variable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
