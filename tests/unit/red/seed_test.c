// Exponential histograms that begin late: count, zeros and places of what explicit buckets knew; and that a series goes
// on from there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/red/red.h"
#include "collector/red/seed.h"
#include "unit/export/spans.h"

static uint64_t counts(const struct exponential *exponential)
{
    uint64_t sum = exponential->zero_count;
    for (unsigned i = 0; i < exponential->used; i++)
        sum += exponential->bucket[i];
    return sum;
}

static uint64_t count_at(const struct exponential *exponential, double value)
{
    int32_t i = exponential_index(value, exponential->scale) - exponential->offset;
    return i >= 0 && i < exponential->used ? exponential->bucket[i] : 0;
}

static void an_empty_one(void **state)
{
    struct histogram histogram = {0};
    struct exponential exponential;
    seed_exponential(&histogram, &histogram_bounds_duration, &exponential);
    assert_int_equal(counts(&exponential), 0);
    assert_int_equal(exponential.scale, EXPONENTIAL_SCALE_MAX);
}

static void each_bucket_at_its_upper_bound(void **state)
{
    static const uint64_t values[] = {0, 0, 0, 1, 31, 32, 33, 100, 5000000, 6000000};
    struct histogram histogram = {0};
    struct exponential exponential;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        histogram_add(&histogram, &histogram_bounds_size, values[i]);
    seed_exponential(&histogram, &histogram_bounds_size, &exponential);
    assert_int_equal(exponential.zero_count, 3);
    assert_int_equal(count_at(&exponential, 32), 3);
    assert_int_equal(count_at(&exponential, 64), 1);
    assert_int_equal(count_at(&exponential, 128), 1);
    assert_int_equal(count_at(&exponential, 6000000), 2); // beyond all bounds: at the largest
    assert_int_equal(counts(&exponential), histogram.count);
}

static void never_above_the_largest_value(void **state)
{
    struct histogram histogram = {0};
    struct exponential exponential;
    for (unsigned i = 0; i < 5; i++)
        histogram_add(&histogram, &histogram_bounds_duration, 1000000); // 1 ms, in the bucket up to 5 ms
    seed_exponential(&histogram, &histogram_bounds_duration, &exponential);
    assert_int_equal(count_at(&exponential, 0.001), 5);
    assert_int_equal(counts(&exponential), 5);
}

// Asked for when two requests are over: count and sum stay the explicit histogram's.
static void a_series_goes_on(void **state)
{
    struct red *red;
    struct span span = spans_server(); // 0.21091 s
    assert_int_equal(red_new(&red, 10, 0), 0);
    red_record(red, &span);
    red_record(red, &span);
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    red_keep(red, RED_EXTRA_EXPONENTIAL);
    assert_null(series->exponential[RED_DURATION]);
    span.duration_ns = 2000000;
    red_record(red, &span);
    assert_int_equal(series->histogram[RED_DURATION].count, 3);
    struct exponential loaded;
    packed_load(series->exponential[RED_DURATION], &loaded);
    assert_int_equal(counts(&loaded), 3);
    assert_int_equal(count_at(&loaded, 0.21091), 2);
    assert_int_equal(count_at(&loaded, 0.002), 1);
    red_free(red);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one),
        cmocka_unit_test(each_bucket_at_its_upper_bound),
        cmocka_unit_test(never_above_the_largest_value),
        cmocka_unit_test(a_series_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
