// A span as text, to the letter.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>
#include "collector/export/text.h"
#include "unit/export/spans.h"

static void assert_line(const struct span *span, const char *expected)
{
    struct buffer buffer;
    buffer_init(&buffer, 4096);
    text_format_span(&buffer, span);
    assert_false(buffer.failed);
    buffer_add_char(&buffer, 0);
    assert_string_equal(buffer.p, expected);
    buffer_release(&buffer);
}

static void the_example(void **state)
{
    struct span span = spans_server();
    assert_line(&span, "2026-11-21 14:02:11.123 (210.91ms[203.28ms]) SERVER 200 POST /post [::1]:51234->[::1]:8080 "
                       "size:6B->0B queue:7.63ms svc:testserver\n");
}

static void a_client_has_no_queue_and_no_processing(void **state)
{
    struct span span = spans_client();
    span.client = (struct span_address){.text = "10.0.0.1", .n = 8, .port = 40000};
    span.server = (struct span_address){.text = "10.0.0.2", .n = 8, .port = 80};
    span.queue_ns = span.processing_ns = 1; // even if a span had them
    assert_line(&span, "2026-11-21 14:02:11.123 (210.91ms) CLIENT 200 POST /post 10.0.0.1:40000->10.0.0.2:80 "
                       "size:6B->0B svc:testserver\n");
}

static void what_is_unknown(void **state)
{
    struct span span = spans_server();
    span.status = 0;
    span.queue_ns = span.processing_ns = SPAN_TIME_UNKNOWN;
    span.request_body = span.response_body = SPAN_SIZE_UNKNOWN;
    span.path = STR("");
    assert_line(&span, "2026-11-21 14:02:11.123 (210.91ms) SERVER - POST - [::1]:51234->[::1]:8080 size:-->- "
                       "svc:testserver\n");
}

static void unix_sockets(void **state)
{
    struct span span = spans_server();
    span.client = (struct span_address){0};
    span.server = (struct span_address){.text = "/run/app.sock", .n = 13};
    assert_line(&span,
                "2026-11-21 14:02:11.123 (210.91ms[203.28ms]) SERVER 200 POST /post -->/run/app.sock size:6B->0B "
                "queue:7.63ms svc:testserver\n");
}

static void foreign_bytes_are_escaped(void **state)
{
    struct span span = spans_server();
    span.method = HTTP_METHOD_OTHER;
    span.method_original = STR("PO\x1bST");
    span.path = STR("/a\x1b[2J\n\xff\\\xc3\xa9");
    assert_line(&span, "2026-11-21 14:02:11.123 (210.91ms[203.28ms]) SERVER 200 PO\\x1bST "
                       "/a\\x1b[2J\\x0a\\xff\\\\\xc3\xa9 [::1]:51234->[::1]:8080 size:6B->0B queue:7.63ms "
                       "svc:testserver\n");
    span.method_original = STR("");
    span.path = STR("/");
    assert_line(&span, "2026-11-21 14:02:11.123 (210.91ms[203.28ms]) SERVER 200 _OTHER / [::1]:51234->[::1]:8080 "
                       "size:6B->0B queue:7.63ms svc:testserver\n");
}

static void durations_are_rounded_to_hundredths(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } cases[] = {
        {0, "(0.00ms)"},
        {4999, "(0.00ms)"},
        {5000, "(0.01ms)"},
        {412500, "(0.41ms)"},
        {999994999, "(999.99ms)"},
        {999995000, "(1000.00ms)"},
        {61234567890, "(61234.57ms)"},
        {UINT64_MAX - 1, "(18446744073709.55ms)"},
    };
    struct span span = spans_client();
    for (size_t i = 0; i < array_size(cases); i++) {
        struct buffer buffer;
        buffer_init(&buffer, 4096);
        span.duration_ns = cases[i].ns;
        text_format_span(&buffer, &span);
        assert_memory_equal(buffer.p + 24, cases[i].text, strlen(cases[i].text));
        buffer_release(&buffer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example),
        cmocka_unit_test(a_client_has_no_queue_and_no_processing),
        cmocka_unit_test(what_is_unknown),
        cmocka_unit_test(unix_sockets),
        cmocka_unit_test(foreign_bytes_are_escaped),
        cmocka_unit_test(durations_are_rounded_to_hundredths),
    };
    setenv("TZ", "UTC0", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
