// What is taken of the body of an error.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collector/export/otlp_refusal.h"
#include "common/lib/cleanup.h"

#define PROTOBUF "application/x-protobuf"
#define X50      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void what_it_says(void **state)
{
    static const struct {
        const char *type, *body;
        size_t n;
        const char *text;
    } rows[] = {
        {PROTOBUF, "\x08\x03\x12\x08too late", 12, "too late"},
        {PROTOBUF "; charset=utf-8", "\x12\x02no", 4, "no"},
        {"APPLICATION/X-PROTOBUF", "\x12\x02no", 4, "no"},
        {PROTOBUF, "\x08\x03", 2, ""},
        {PROTOBUF, "\x12\x7fno", 4, ""}, // longer than there is
        {PROTOBUF, "", 0, ""},
        {"text/plain; charset=utf-8", "out of order sample\nmore", 24, "out of order sample"},
        {"text/plain", "no end", 6, "no end"},
        {"text/plain", "", 0, ""},
        {"text/plain", X50 X50 X50 X50 X50, 250, X50 X50 X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
        {"text/html", "<html>", 6, ""},
        {"application/x-protobuffer", "\x12\x02no", 4, ""},
        {NULL, "\x12\x02no", 4, ""},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        char text[OTLP_REFUSAL_MAX];
        otlp_refusal_read(rows[i].type, (struct str){rows[i].body, rows[i].n}, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_it_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
