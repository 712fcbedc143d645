// Histogram: which bucket a value falls into, at and around each bound.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include "collector/red/histogram.h"
#include "common/lib/cleanup.h"

static unsigned bucket_of(const struct histogram_bounds *bounds, uint64_t value)
{
    struct histogram histogram = {0};
    histogram_add(&histogram, bounds, value);
    assert_int_equal(histogram.count, 1);
    assert_int_equal(histogram.sum, value);
    unsigned found = HISTOGRAM_BUCKETS_MAX;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS_MAX; i++)
        if (histogram.bucket[i]) {
            assert_int_equal(found, HISTOGRAM_BUCKETS_MAX); // exactly one
            found = i;
        }
    return found;
}

static void named_values(void **state)
{
    static const struct {
        const struct histogram_bounds *bounds;
        uint64_t value;
        unsigned bucket;
    } cases[] = {
        {&histogram_bounds_duration, 0, 0},
        {&histogram_bounds_duration, 5000000, 0}, // upper-inclusive
        {&histogram_bounds_duration, 5000001, 1},
        {&histogram_bounds_duration, 210910000, 6},
        {&histogram_bounds_duration, 10000000000, 13},
        {&histogram_bounds_duration, 10000000001, 14},
        {&histogram_bounds_duration, UINT64_MAX, 14},
        {&histogram_bounds_size, 0, 0},
        {&histogram_bounds_size, 1, 1},
        {&histogram_bounds_size, 32, 1},
        {&histogram_bounds_size, 33, 2},
        {&histogram_bounds_size, 1048576, 13},
        {&histogram_bounds_size, 1048577, 14},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        assert_int_equal(bucket_of(cases[i].bounds, cases[i].value), cases[i].bucket);
}

static void every_bound(void **state)
{
    const struct histogram_bounds *both[] = {&histogram_bounds_duration, &histogram_bounds_size};
    for (size_t k = 0; k < array_size(both); k++)
        for (unsigned i = 0; i < both[k]->count; i++) {
            assert_true(i == 0 || both[k]->value[i] > both[k]->value[i - 1]);
            assert_int_equal(bucket_of(both[k], both[k]->value[i]), i);
            assert_int_equal(bucket_of(both[k], both[k]->value[i] + 1), i + 1);
        }
}

// The promised bounds, by value (semantic conventions; INTERFACE.md).
static void bounds_are_the_promised_ones(void **state)
{
    static const uint64_t ms[] = {5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000};
    static const uint64_t bytes[] = {0, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 32768, 131072, 524288, 1048576};
    assert_int_equal(histogram_bounds_duration.count, array_size(ms));
    assert_int_equal(histogram_bounds_size.count, array_size(bytes));
    for (unsigned i = 0; i < array_size(ms); i++)
        assert_int_equal(histogram_bounds_duration.value[i], ms[i] * 1000000);
    for (unsigned i = 0; i < array_size(bytes); i++)
        assert_int_equal(histogram_bounds_size.value[i], bytes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_values),
        cmocka_unit_test(every_bound),
        cmocka_unit_test(bounds_are_the_promised_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
