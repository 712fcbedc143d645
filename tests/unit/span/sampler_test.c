// Sampling of pushed traces: who decides, and that a ratio keeps that share of trace ids.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "collector/span/sampler.h"
#include "common/lib/cleanup.h"

static void test_parent(void **state)
{
    static const struct {
        struct sampler sampler;
        bool decided, sampled, expected;
    } rows[] = {
        {{true, 1}, false, true, true},  {{true, 1}, true, false, false}, {{true, 0}, true, true, true},
        {{true, 0}, false, true, false}, {{false, 1}, true, false, true}, {{false, 0}, true, true, false},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        struct span span = {.sampling_decided = rows[i].decided, .sampled = rows[i].sampled, .trace_id = {1}};
        assert_int_equal(sampler_pass(&rows[i].sampler, &span), rows[i].expected);
    }
}

static void test_ratio(void **state)
{
    const struct sampler quarter = {false, 0.25};
    unsigned passed = 0;
    for (unsigned i = 0; i < 256; i++) { // evenly spread ids
        struct span span = {.trace_id = {[0] = 0xff, [8] = (uint8_t)i, [9] = 0x80}};
        passed += sampler_pass(&quarter, &span);
    }
    assert_int_equal(passed, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parent), cmocka_unit_test(test_ratio)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
