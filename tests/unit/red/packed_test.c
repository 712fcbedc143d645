// Packed exponential histograms against whole ones: the same values give the same histogram, whatever their order,
// range and number; and what it takes in memory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include "collector/red/packed.h"

static void assert_same(const struct packed *packed, const struct exponential *whole)
{
    struct exponential loaded;
    packed_load(packed, &loaded);
    assert_int_equal(loaded.zero_count, whole->zero_count);
    assert_int_equal(loaded.used, whole->used);
    assert_int_equal(loaded.scale, whole->scale);
    if (whole->used)
        assert_int_equal(loaded.offset, whole->offset);
    assert_memory_equal(loaded.bucket, whole->bucket, whole->used * sizeof whole->bucket[0]);
}

// Values of a pseudo-random walk: close together, then over the whole range, zeros among them.
static double value_of(unsigned i, unsigned spread)
{
    uint64_t mixed = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    if (mixed >> 60 == 0)
        return 0;
    return ldexp(1 + (double)(mixed >> 40 & 0xffff) / 0x10000,
                 (int)(mixed >> 20 & 0xff) % (int)(2 * spread + 1) - (int)spread);
}

static void as_the_whole_form(void **state)
{
    for (unsigned spread = 0; spread <= 120; spread += 8) {
        struct packed *packed = NULL;
        struct exponential whole;
        exponential_init(&whole);
        for (unsigned i = 0; i < 3000; i++) {
            exponential_add(&whole, value_of(i, spread));
            assert_true(packed_add(&packed, value_of(i, spread)));
            if (i < 200 || i == 2999)
                assert_same(packed, &whole);
        }
        free(packed);
    }
}

// Counters grow from one byte to eight.
static void wide_counters(void **state)
{
    static const uint64_t edges[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT64_MAX - 2};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        struct exponential whole;
        struct packed *packed = NULL;
        exponential_init(&whole);
        exponential_add(&whole, 1.5);
        exponential_add(&whole, 1.75);
        whole.bucket[0] = edges[i];
        assert_true(packed_store(&packed, &whole));
        assert_same(packed, &whole);
        for (unsigned more = 0; more < 2; more++) {
            exponential_add(&whole, 1.5);
            assert_true(packed_add(&packed, 1.5));
            assert_same(packed, &whole);
        }
        free(packed);
    }
}

static void emptied(void **state)
{
    struct packed *packed = NULL;
    struct exponential whole;
    for (unsigned round = 0; round < 3; round++) {
        exponential_init(&whole);
        for (unsigned i = 0; i < 500; i++) {
            exponential_add(&whole, value_of(i + round, 20));
            assert_true(packed_add(&packed, value_of(i + round, 20)));
        }
        assert_same(packed, &whole);
        packed_reset(packed);
        exponential_init(&whole);
        assert_same(packed, &whole);
    }
    free(packed);
}

// One value: next to nothing; 160 buckets of up to 255: a seventh of the whole form.
static void small(void **state)
{
    struct packed *packed = NULL;
    for (unsigned i = 0; i < 1000; i++)
        assert_true(packed_add(&packed, 0.25));
    assert_in_range(malloc_usable_size(packed), 16, 64);
    for (unsigned i = 0; i < 1000; i++)
        assert_true(packed_add(&packed, 0.001 * (i + 1)));
    assert_in_range(malloc_usable_size(packed), 64, 16 + 2 * 160 + 32 + 16);
    free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_whole_form), cmocka_unit_test(wide_counters),
                                       cmocka_unit_test(emptied), cmocka_unit_test(small)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
