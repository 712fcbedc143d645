// UTF-8: sequence lengths at the edges of the encoding, and cleaned text in little room.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/core/utf8.h"
#include "common/lib/cleanup.h"

static void sequences(void **state)
{
    static const struct {
        struct str input;
        size_t length;
    } cases[] = {
        {STR(""), 0},
        {STR("\0"), 1},
        {STR("\x7f"), 1},
        {STR("\x80"), 0},
        {STR("\xc1\xbf"), 0},
        {STR("\xc2\x80"), 2},
        {STR("\xc2"), 0},
        {STR("\xc2\x7f"), 0},
        {STR("\xdf\xbf"), 2},
        {STR("\xe0\xa0\x80"), 3},
        {STR("\xe0\x9f\xbf"), 0},
        {STR("\xed\x9f\xbf"), 3},
        {STR("\xed\xa0\x80"), 0},
        {STR("\xef\xbf\xbf"), 3},
        {STR("\xef\xbf\xc0"), 0},
        {STR("\xf0\x90\x80\x80"), 4},
        {STR("\xf0\x8f\xbf\xbf"), 0},
        {STR("\xf4\x8f\xbf\xbf"), 4},
        {STR("\xf4\x90\x80\x80"), 0},
        {STR("\xf4\x8f\xbf"), 0},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        assert_int_equal(utf8_sequence(cases[i].input), cases[i].length);
}

static void clean_table(void **state)
{
    static const struct {
        struct str input;
        size_t room;
        const char *output;
    } cases[] = {
        {STR(""), 8, ""},
        {STR("example.com"), 12, "example.com"},
        {STR("example.com"), 11, "example.co"},
        {STR("a\nb"), 16,
         "a\xef\xbf\xbd"
         "b"},
        {STR("a\0b"), 16,
         "a\xef\xbf\xbd"
         "b"},
        {STR("a\xff"), 16, "a\xef\xbf\xbd"},
        {STR("\xc2\x9b"), 16, "\xef\xbf\xbd"},
        {STR("abc\xc3\xa9"), 6, "abc\xc3\xa9"},
        {STR("abc\xc3\xa9"), 5, "abc"}, // never half a character
        {STR("\xf0\x9f\x98\x80"), 4, ""},
        {STR("abcdef"), 1, ""},
        {STR("abc\xff"), 6, "abc"}, // no room for the replacement
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        char to[16];
        memset(to, 'x', sizeof(to));
        struct str clean = utf8_clean(cases[i].input, to, cases[i].room);
        assert_int_equal(clean.n, strlen(cases[i].output));
        if (clean.n)
            assert_memory_equal(clean.p, cases[i].output, clean.n);
        assert_true(clean.n < cases[i].room);
        for (size_t j = cases[i].room; j < sizeof(to); j++)
            assert_int_equal(to[j], 'x');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences),
        cmocka_unit_test(clean_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
