// Slices: equality with and without case, beginnings, NUL bytes inside, no bytes at all.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "common/lib/cleanup.h"
#include "common/lib/str.h"

static void comparisons(void **state)
{
    static const struct {
        struct str a, b;
        bool equal, equal_nocase, starts; // starts: a begins with b
    } cases[] = {
        {STR(""), STR(""), true, true, true},
        {STR("a"), STR(""), false, false, true},
        {STR(""), STR("a"), false, false, false},
        {STR("host"), STR("host"), true, true, true},
        {STR("HOST"), STR("host"), false, true, false},
        {STR("Content-Length"), STR("content-LENGTH"), false, true, false},
        {STR("host"), STR("hos"), false, false, true},
        {STR("hos"), STR("host"), false, false, false},
        {STR("a\0b"), STR("a\0b"), true, true, true},
        {STR("a\0b"), STR("a\0c"), false, false, false},
        {STR("@[`{"), STR("`{@["), false, false, false},         // next to the letters, 0x20 apart: not letters
        {STR("\xc3\x84"), STR("\xc3\xa4"), false, false, false}, // ASCII only
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        assert_int_equal(str_equal(cases[i].a, cases[i].b), cases[i].equal);
        assert_int_equal(str_equal_nocase(cases[i].a, cases[i].b), cases[i].equal_nocase);
        assert_int_equal(str_starts(cases[i].a, cases[i].b), cases[i].starts);
    }
}

static void from_text(void **state)
{
    struct str s = str_from("abc");
    assert_int_equal(s.n, 3);
    assert_memory_equal(s.p, "abc", 3);
    s = str_from(NULL);
    assert_null(s.p);
    assert_int_equal(s.n, 0);
    assert_true(str_equal(s, STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comparisons),
        cmocka_unit_test(from_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
