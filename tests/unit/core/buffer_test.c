// Buffer: numbers, growth up to the maximum, and what a write that does not fit leaves behind.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/core/buffer.h"

static void assert_buffer(const struct buffer *buffer, const char *expected)
{
    assert_int_equal(buffer->n, strlen(expected));
    if (buffer->n)
        assert_memory_equal(buffer->p, expected, buffer->n);
}

static void numbers(void **state)
{
    static const struct {
        uint64_t value;
        const char *text;
    } unsigned_cases[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {4294967296, "4294967296"}, {UINT64_MAX, "18446744073709551615"},
    };
    static const struct {
        int64_t value;
        const char *text;
    } signed_cases[] = {
        {0, "0"}, {-1, "-1"}, {1, "1"}, {INT64_MAX, "9223372036854775807"}, {INT64_MIN, "-9223372036854775808"},
    };
    struct buffer buffer;
    buffer_init(&buffer, 64);
    for (size_t i = 0; i < array_size(unsigned_cases); i++) {
        buffer_reset(&buffer);
        buffer_add_u64(&buffer, unsigned_cases[i].value);
        assert_buffer(&buffer, unsigned_cases[i].text);
    }
    for (size_t i = 0; i < array_size(signed_cases); i++) {
        buffer_reset(&buffer);
        buffer_add_i64(&buffer, signed_cases[i].value);
        assert_buffer(&buffer, signed_cases[i].text);
    }
    assert_false(buffer.failed);
    buffer_release(&buffer);
}

static void pieces(void **state)
{
    struct buffer buffer;
    buffer_init(&buffer, 1024);
    buffer_add_text(&buffer, "a");
    buffer_add_char(&buffer, 'b');
    buffer_add_str(&buffer, STR("c\0d"));
    buffer_add_str(&buffer, (struct str){NULL, 0});
    buffer_add_hex(&buffer, (const uint8_t[]){0x00, 0x9f, 0xff}, 3);
    buffer_add_format(&buffer, "[%d %s]", -5, "x");
    buffer_repeat(&buffer, 1, 4);
    assert_int_equal(buffer.n, 1 + 1 + 3 + 6 + 6 + 4);
    assert_memory_equal(buffer.p, "abc\0d009fff[-5 x]bc\0d", buffer.n);
    while (buffer.n < 1021)
        buffer_repeat(&buffer, 0, 1); // also where it moves
    assert_int_equal(buffer.p[1020], 'a');
    buffer_repeat(&buffer, 0, 4);
    assert_true(buffer.failed && buffer.n == 1021);
    buffer_release(&buffer);
    assert_null(buffer.p);
    assert_int_equal(buffer.n, 0);
}

static void grows_to_its_maximum_exactly(void **state)
{
    struct buffer buffer;
    buffer_init(&buffer, 1500); // not a power of two, beyond the first room
    for (unsigned i = 0; i < 1500; i++)
        buffer_add_char(&buffer, (char)('a' + i % 26));
    assert_false(buffer.failed);
    assert_int_equal(buffer.n, 1500);
    for (unsigned i = 0; i < 1500; i++)
        assert_int_equal(buffer.p[i], 'a' + i % 26);
    buffer_add_char(&buffer, '!');
    assert_true(buffer.failed);
    assert_int_equal(buffer.n, 1500);
    buffer_release(&buffer);
}

static void a_write_that_does_not_fit_changes_nothing(void **state)
{
    struct buffer buffer;
    buffer_init(&buffer, 8);
    buffer_add_text(&buffer, "1234");
    buffer_add_text(&buffer, "56789");
    assert_true(buffer.failed);
    assert_buffer(&buffer, "1234");
    buffer_add_char(&buffer, '5'); // stays failed, so that a gap is never papered over
    assert_buffer(&buffer, "1234");
    assert_null(buffer_reserve(&buffer, 1));
    buffer_reset(&buffer);
    assert_false(buffer.failed);
    buffer_add_format(&buffer, "%09d", 1);
    assert_true(buffer.failed);
    assert_buffer(&buffer, "");
    buffer_reset(&buffer);
    buffer_add_text(&buffer, "12345678");
    assert_false(buffer.failed);
    assert_buffer(&buffer, "12345678");
    buffer_release(&buffer);
}

static void long_formats(void **state)
{
    struct buffer buffer;
    buffer_init(&buffer, 1024);
    buffer_add_format(&buffer, "%*d", 255, 7);
    buffer_add_format(&buffer, "%*d", 256, 8);
    buffer_add_format(&buffer, "%*d", 400, 9);
    assert_false(buffer.failed);
    assert_int_equal(buffer.n, 255 + 256 + 400);
    assert_int_equal(buffer.p[254], '7');
    assert_int_equal(buffer.p[510], '8');
    assert_int_equal(buffer.p[910], '9');
    buffer_release(&buffer);
}

static void a_maximum_of_zero(void **state)
{
    struct buffer buffer;
    buffer_init(&buffer, 0);
    buffer_add(&buffer, "", 0);
    assert_false(buffer.failed);
    buffer_add_char(&buffer, 'a');
    assert_true(buffer.failed);
    buffer_release(&buffer);
}

static void contents_change_places_maxima_do_not(void **state)
{
    struct buffer small, large;
    buffer_init(&small, 3);
    buffer_init(&large, 100);
    buffer_add_text(&small, "abc");
    buffer_add_char(&small, 'd');
    buffer_swap(&small, &large);
    assert_int_equal(small.n, 0);
    assert_false(small.failed);
    assert_true(large.failed); // as its contents were
    assert_memory_equal(large.p, "abc", 3);
    assert_int_equal(small.max, 3);
    assert_int_equal(large.max, 100);
    buffer_swap(&large, &small);
    assert_int_equal(small.n, 3);
    assert_int_equal(large.n, 0);
    buffer_release(&small);
    buffer_release(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(pieces),
        cmocka_unit_test(grows_to_its_maximum_exactly),
        cmocka_unit_test(a_write_that_does_not_fit_changes_nothing),
        cmocka_unit_test(long_formats),
        cmocka_unit_test(a_maximum_of_zero),
        cmocka_unit_test(contents_change_places_maxima_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
