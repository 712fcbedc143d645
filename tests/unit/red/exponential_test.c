// Exponential histograms: which bucket, at and around each boundary and at every scale; the scale that falls as values
// need it; counts that survive.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include "collector/red/exponential.h"
#include "common/lib/cleanup.h"

static void named_indices(void **state)
{
    static const struct {
        double value;
        int scale;
        int32_t index;
    } cases[] = {
        {1, 0, -1},   {1.5, 0, 0}, {2, 0, 0},        {2.000001, 0, 1},    {4, 0, 1},          {0.5, 0, -2},
        {0.6, 0, -1}, {4, -1, 0},  {5, -1, 1},       {16, -1, 1},         {17, -1, 2},        {1, -1, -1},
        {1, 1, -1},   {1.4, 1, 0}, {1.42, 1, 1},     {2, 1, 1},           {2.8, 1, 2},        {2.9, 1, 3},
        {4, 1, 3},    {1, 20, -1}, {2, 20, 1048575}, {0.5, 20, -1048577}, {1.0000001, 20, 0},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        assert_int_equal(exponential_index(cases[i].value, cases[i].scale), cases[i].index);
}

// base^i < value <= base^(i+1), but for what a double can show beside the boundary.
static void indices_bound_their_values(void **state)
{
    srand48(1);
    for (int scale = 0; scale <= EXPONENTIAL_SCALE_MAX; scale++)
        for (unsigned i = 0; i < 2000; i++) {
            double value = exp2(drand48() * 60 - 30), step = ldexp(1, -scale);
            double low = exponential_index(value, scale) * step;
            assert_true(low <= log2(value) + 1e-9);
            assert_true(log2(value) <= low + step + 1e-9);
        }
}

static uint64_t counted(const struct exponential *exponential)
{
    uint64_t count = exponential->zero_count;
    for (unsigned i = 0; i < exponential->used; i++)
        count += exponential->bucket[i];
    for (unsigned i = exponential->used; i < EXPONENTIAL_BUCKETS_MAX; i++)
        assert_int_equal(exponential->bucket[i], 0);
    return count;
}

static void one_value_keeps_the_finest_scale(void **state)
{
    struct exponential exponential;
    exponential_init(&exponential);
    exponential_add(&exponential, 0.020);
    exponential_add(&exponential, 0.020);
    exponential_add(&exponential, 0);
    assert_int_equal(exponential.scale, 20);
    assert_int_equal(exponential.used, 1);
    assert_int_equal(exponential.offset, exponential_index(0.020, 20));
    assert_int_equal(exponential.bucket[0], 2);
    assert_int_equal(exponential.zero_count, 1);
}

// 1 to 1024 seconds are ten doublings: 16 buckets each.
static void the_scale_falls_as_far_as_needed(void **state)
{
    struct exponential exponential;
    exponential_init(&exponential);
    exponential_add(&exponential, 1024);
    exponential_add(&exponential, 1.01);
    assert_int_equal(exponential.scale, 4);
    assert_int_equal(exponential.used, 160);
    assert_int_equal(exponential.offset, 0);
    assert_int_equal(exponential.bucket[0], 1);
    assert_int_equal(exponential.bucket[159], 1);
    exponential_add(&exponential, 0.99); // one more than fits
    assert_int_equal(exponential.scale, 3);
    assert_int_equal(exponential.used, 81);
    assert_int_equal(exponential.offset, -1);
    assert_int_equal(exponential.bucket[0], 1);
    assert_int_equal(exponential.bucket[1], 1);
    assert_int_equal(exponential.bucket[80], 1);
}

static void the_extremes_fit(void **state)
{
    struct exponential exponential;
    exponential_init(&exponential);
    exponential_add(&exponential, 1e-9);
    exponential_add(&exponential, 18446744073709551615.0);
    assert_int_equal(exponential.scale, 0);
    assert_int_equal(exponential.offset, exponential_index(1e-9, 0));
    assert_int_equal(exponential.offset + exponential.used - 1, 63);
    assert_int_equal(counted(&exponential), 2);
}

// Whatever the order, each bucket holds what a histogram made at the final scale holds.
static void any_order_gives_the_same(void **state)
{
    static double values[5000];
    srand48(2);
    for (size_t i = 0; i < array_size(values); i++)
        values[i] = exp2(drand48() * 24 - 12);
    struct exponential exponential;
    exponential_init(&exponential);
    for (size_t i = 0; i < array_size(values); i++)
        exponential_add(&exponential, values[i]);
    assert_int_equal(counted(&exponential), array_size(values));
    assert_true(exponential.used > EXPONENTIAL_BUCKETS_MAX / 2);
    for (size_t i = 0; i < array_size(values); i++) {
        int32_t index = exponential_index(values[i], exponential.scale) - exponential.offset;
        assert_true(index >= 0 && index < exponential.used);
        assert_true(exponential.bucket[index]-- > 0);
    }
    assert_int_equal(counted(&exponential), 0);
}

static void downscaling_merges_pairs(void **state)
{
    struct exponential exponential = {.scale = 3, .offset = -3, .used = 5, .bucket = {1, 2, 4, 8, 16}};
    exponential_downscale(&exponential, 1);
    assert_int_equal(exponential.scale, 2);
    assert_int_equal(exponential.offset, -2); // -3 | -2 -1 | 0 1
    assert_int_equal(exponential.used, 3);
    assert_int_equal(exponential.bucket[0], 1);
    assert_int_equal(exponential.bucket[1], 6);
    assert_int_equal(exponential.bucket[2], 24);
    exponential_downscale(&exponential, 0);
    assert_int_equal(exponential.used, 3);
    assert_int_equal(counted(&exponential), 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_indices),
        cmocka_unit_test(indices_bound_their_values),
        cmocka_unit_test(one_value_keeps_the_finest_scale),
        cmocka_unit_test(the_scale_falls_as_far_as_needed),
        cmocka_unit_test(the_extremes_fit),
        cmocka_unit_test(any_order_gives_the_same),
        cmocka_unit_test(downscaling_merges_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
