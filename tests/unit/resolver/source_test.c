// Bounded reading: ranges, budget, and a search across blocks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "resolver/source.h"

#define SIZE (200 * 1024)

static uint8_t bytes[SIZE];

static long bytes_read(void *context, void *to, size_t size, uint64_t offset)
{
    assert_true(offset + size <= SIZE); // never asked beyond the end
    memcpy(to, bytes + offset, size);
    return (long)size;
}

static struct source source_make(uint64_t budget)
{
    return (struct source){.read = bytes_read, .size = SIZE, .budget = budget};
}

static void test_ranges(void **state)
{
    static const struct {
        uint64_t offset, size, expected;
    } cases[] = {
        {0, SIZE, SIZE},    {0, SIZE + 1, 0},   {SIZE, 0, 0},
        {SIZE - 1, 1, 1},   {SIZE - 1, 2, 0},   {SIZE + 1, 0, 0},
        {UINT64_MAX, 1, 0}, {1, UINT64_MAX, 0}, {UINT64_MAX, UINT64_MAX, 0},
    };
    struct source source = source_make(SIZE);
    for (size_t i = 0; i < array_size(cases); i++)
        assert_int_equal(source_range(&source, cases[i].offset, cases[i].size).size, cases[i].expected);
}

static void test_reading(void **state)
{
    uint8_t to[16];
    struct source source = source_make(20);
    bytes[SIZE - 1] = 7;
    assert_false(source_read(&source, SIZE - 1, to, 2));
    assert_false(source_read(&source, UINT64_MAX, to, 2));
    assert_int_equal(source.budget, 20);
    assert_true(source_read(&source, SIZE - 1, to, 1));
    assert_int_equal(to[0], 7);
    assert_int_equal(source_read_some(&source, (struct range){SIZE - 3, 3}, to, sizeof to), 3);
    assert_int_equal(source.budget, 16);
    assert_int_equal(source_read_some(&source, (struct range){0, 3}, to, 0), 0);
    assert_true(source_read(&source, 0, to, 16));
    assert_false(source_read(&source, 0, to, 1)); // nothing left
}

static void test_search(void **state)
{
    static const struct str needles[] = {{"needle", 6}, {"other", 5}};
    static const size_t places[] = {0, 1, 65530, 65531, 65535, 65536, 131070, 131072, SIZE - 6};
    for (size_t i = 0; i < array_size(places); i++) {
        struct source source = source_make(SIZE);
        memset(bytes, 'n', sizeof bytes);
        memcpy(bytes + places[i], "needle", 6);
        assert_int_equal(source_search(&source, (struct range){0, SIZE}, SIZE, needles, 2), 0);
        assert_int_equal(source_search(&source, (struct range){0, places[i] + 5}, SIZE, needles, 2), -1);
        source.budget = SIZE;
        assert_int_equal(source_search(&source, (struct range){0, SIZE}, places[i] + 5, needles, 2), -1);
        source.budget = places[i];
        if (places[i] < 65536)
            assert_int_equal(source_search(&source, (struct range){0, SIZE}, SIZE, needles, 2), -1);
    }
    struct source source = source_make(SIZE);
    memset(bytes, 'x', sizeof bytes);
    memcpy(bytes + 10, "other", 5);
    assert_int_equal(source_search(&source, (struct range){0, SIZE}, SIZE, needles, 2), 1);
    assert_int_equal(source_search(&source, (struct range){0, 0}, SIZE, needles, 2), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
