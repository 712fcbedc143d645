// Escaping of foreign bytes for JSON, terminals and label values: one table, three expectations a line.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/core/buffer.h"
#include "collector/core/utf8.h"

#define FFFD "\xef\xbf\xbd"

static const struct {
    struct str input;
    const char *json, *terminal, *label;
} cases[] = {
    {STR(""), "", "", ""},
    {STR("/plain?a=b"), "/plain?a=b", "/plain?a=b", "/plain?a=b"},
    {STR("\"q\""), "\\\"q\\\"", "\"q\"", "\\\"q\\\""},
    {STR("a\\b"), "a\\\\b", "a\\\\b", "a\\\\b"},
    {STR("\b\f\n\r\t"), "\\b\\f\\n\\r\\t", "\\x08\\x0c\\x0a\\x0d\\x09", FFFD FFFD "\\n" FFFD FFFD},
    {STR("\0\x01\x1b[31m\x7f"), "\\u0000\\u0001\\u001b[31m\\u007f", "\\x00\\x01\\x1b[31m\\x7f",
     FFFD FFFD FFFD "[31m" FFFD},
    {STR("\xc2\x9b"
         "2J"),
     "\\u009b2J", "\\xc2\\x9b2J", FFFD "2J"},
    {STR("\xc2\xa0\xc3\xa9"), "\xc2\xa0\xc3\xa9", "\xc2\xa0\xc3\xa9", "\xc2\xa0\xc3\xa9"},
    {STR("\xe2\x82\xac\xf0\x9f\x98\x80"), "\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80",
     "\xe2\x82\xac\xf0\x9f\x98\x80"},
    // A sequence cut off; a lone continuation; overlong; a surrogate; above U+10FFFF.
    {STR("a\xe2\x82"), "a" FFFD FFFD, "a\\xe2\\x82", "a" FFFD FFFD},
    {STR("\x80z"), FFFD "z", "\\x80z", FFFD "z"},
    {STR("\xc0\xaf"), FFFD FFFD, "\\xc0\\xaf", FFFD FFFD},
    {STR("\xe0\x9f\xbf"), FFFD FFFD FFFD, "\\xe0\\x9f\\xbf", FFFD FFFD FFFD},
    {STR("\xed\xa0\x80"), FFFD FFFD FFFD, "\\xed\\xa0\\x80", FFFD FFFD FFFD},
    {STR("\xf0\x8f\xbf\xbf"), FFFD FFFD FFFD FFFD, "\\xf0\\x8f\\xbf\\xbf", FFFD FFFD FFFD FFFD},
    {STR("\xf4\x90\x80\x80"), FFFD FFFD FFFD FFFD, "\\xf4\\x90\\x80\\x80", FFFD FFFD FFFD FFFD},
    {STR("\xf5\xff"), FFFD FFFD, "\\xf5\\xff", FFFD FFFD},
};

static void assert_escaped(void (*add)(struct buffer *, struct str), struct str input, const char *expected)
{
    // An exact copy on the heap: a read beyond the slice is seen by the sanitizer.
    char *exact = malloc(input.n ? input.n : 1);
    memcpy(exact, input.p, input.n);
    struct buffer buffer;
    buffer_init(&buffer, strlen(expected));
    add(&buffer, (struct str){exact, input.n});
    assert_false(buffer.failed);
    assert_int_equal(buffer.n, strlen(expected));
    if (buffer.n)
        assert_memory_equal(buffer.p, expected, buffer.n);
    buffer_release(&buffer);
    if (expected[0]) { // one byte too few: all or nothing
        buffer_init(&buffer, strlen(expected) - 1);
        add(&buffer, (struct str){exact, input.n});
        assert_true(buffer.failed);
        assert_int_equal(buffer.n, 0);
        buffer_release(&buffer);
    }
    free(exact);
}

static void table(void **state)
{
    for (size_t i = 0; i < array_size(cases); i++) {
        assert_escaped(buffer_add_json, cases[i].input, cases[i].json);
        assert_escaped(buffer_add_terminal, cases[i].input, cases[i].terminal);
        assert_escaped(buffer_add_label, cases[i].input, cases[i].label);
    }
}

// The same text as a label value once its escapes are read.
static void clean(void **state)
{
    assert_escaped(buffer_add_clean, STR(""), "");
    assert_escaped(buffer_add_clean, STR("a\"b\\c\n\xc3\xa9"), "a\"b\\c\n\xc3\xa9");
    assert_escaped(buffer_add_clean, STR("\t\x1b\xc2\x9b\x7f\xffz"), FFFD FFFD FFFD FFFD FFFD "z");
}

// Whatever two bytes come, the results are valid UTF-8 without control characters.
static void every_pair_of_bytes(void **state)
{
    void (*const adds[])(struct buffer *, struct str) = {buffer_add_json, buffer_add_terminal, buffer_add_label};
    struct buffer buffer;
    buffer_init(&buffer, 64);
    for (unsigned pair = 0; pair < 65536; pair++) {
        const char bytes[2] = {(char)(pair >> 8), (char)pair};
        for (size_t k = 0; k < array_size(adds); k++) {
            buffer_reset(&buffer);
            adds[k](&buffer, (struct str){bytes, 2});
            for (size_t i = 0, length; i < buffer.n; i += length) {
                struct str rest = {buffer.p + i, buffer.n - i};
                length = utf8_sequence(rest);
                assert_true(length > 0 && !utf8_control(rest, length));
            }
        }
    }
    buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(clean),
        cmocka_unit_test(every_pair_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
