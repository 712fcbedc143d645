// traceparent: W3C Trace Context level 1, section 3.2.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/span/traceparent.h"
#include "common/lib/cleanup.h"
#include "tests/unit/l7/guard.h"

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

static const struct {
    const char *header;
    bool valid, sampled;
} cases[] = {
    {"00-" TRACE "-" PARENT "-01", true, true},
    {"00-" TRACE "-" PARENT "-00", true, false},
    {"00-" TRACE "-" PARENT "-03", true, true},
    {"00-" TRACE "-" PARENT "-fe", true, false},
    {"01-" TRACE "-" PARENT "-01", true, true},
    {"cc-" TRACE "-" PARENT "-01-what-ever", true, true},
    {"cc-" TRACE "-" PARENT "-01.x", false, false},
    {"00-" TRACE "-" PARENT "-01-x", false, false},
    {"ff-" TRACE "-" PARENT "-01", false, false},
    {"0x-" TRACE "-" PARENT "-01", false, false},
    {"00-" TRACE "-" PARENT "-0", false, false},
    {"00-" TRACE "-" PARENT "-0G", false, false},
    {"00-" TRACE "-" PARENT "_01", false, false},
    {"00_" TRACE "-" PARENT "-01", false, false},
    {"00-0AF7651916cd43dd8448eb211c80319c-" PARENT "-01", false, false},
    {"00-00000000000000000000000000000000-" PARENT "-01", false, false},
    {"00-" TRACE "-0000000000000000-01", false, false},
    {"00-" TRACE "-b7ad6b716920333g-01", false, false},
    {"00-" TRACE "-", false, false},
    {"", false, false},
};

static void headers(void **state)
{
    static const uint8_t trace[16] = {0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd,
                                      0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c};
    static const uint8_t parent[8] = {0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31};
    for (size_t i = 0; i < array_size(cases); i++) {
        struct trace_context parsed = {.sampled = false};
        assert_int_equal(traceparent_parse(guard_before_end(str_from(cases[i].header)), &parsed), cases[i].valid);
        assert_int_equal(parsed.sampled, cases[i].sampled);
        if (cases[i].valid) {
            assert_memory_equal(parsed.trace_id, trace, sizeof trace);
            assert_memory_equal(parsed.parent_id, parent, sizeof parent);
        }
    }
}

// Every prefix of a valid header is ignored.
static void prefixes(void **state)
{
    struct str whole = str_from(cases[0].header);
    struct trace_context parsed;
    for (size_t n = 0; n < whole.n; n++)
        assert_false(traceparent_parse(guard_before_end((struct str){whole.p, n}), &parsed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(headers), cmocka_unit_test(prefixes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
