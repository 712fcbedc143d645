// A span as JSON, to the letter: keys in INTERFACE.md's order, one object a line, nothing for what is unknown.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/core/utf8.h"
#include "collector/export/text.h"
#include "unit/export/spans.h"

static void assert_line(const struct span *span, const char *expected)
{
    struct buffer buffer;
    buffer_init(&buffer, 8192);
    json_format_span(&buffer, span);
    assert_false(buffer.failed);
    buffer_add_char(&buffer, 0);
    assert_string_equal(buffer.p, expected);
    buffer_release(&buffer);
}

#define IDS "\"trace_id\":\"0123456789abcdef0123456789abcdef\",\"span_id\":\"fedcba9876543210\","

static void the_example(void **state)
{
    struct span span = spans_server();
    assert_line(&span, "{\"time\":\"2026-11-21T14:02:11.123456789Z\",\"kind\":\"server\",\"name\":\"POST\","
                       "\"service.name\":\"testserver\",\"duration_ns\":210910000,\"queue_ns\":7630000,"
                       "\"processing_ns\":203280000," IDS "\"parent_span_id\":\"\",\"attributes\":{"
                       "\"http.request.method\":\"POST\",\"url.path\":\"/post\",\"url.query\":\"delay=200ms\","
                       "\"url.scheme\":\"http\",\"http.response.status_code\":200,\"http.request.body.size\":6,"
                       "\"http.response.body.size\":0,\"network.protocol.version\":\"1.1\",\"client.address\":\"::1\","
                       "\"client.port\":51234,\"server.address\":\"localhost\",\"server.port\":8080,"
                       "\"network.local.address\":\"::1\",\"network.local.port\":8080,\"process.pid\":4711}}\n");
}

static void a_client_with_a_parent_and_an_error(void **state)
{
    struct span span = spans_client();
    span.has_parent = true;
    memcpy(span.parent_span_id, "\x00\x11\x22\x33\x44\x55\x66\x77", 8);
    span.status = 0;
    span.error_type = "connection_closed";
    span.response_body = SPAN_SIZE_UNKNOWN;
    span.route = STR("/post");
    span.user_agent = STR("curl/8");
    span.truncated = true;
    span.query = STR("a=1&sig=secret");
    assert_line(&span, "{\"time\":\"2026-11-21T14:02:11.123456789Z\",\"kind\":\"client\",\"name\":\"POST /post\","
                       "\"service.name\":\"testserver\",\"duration_ns\":210910000," IDS
                       "\"parent_span_id\":\"0011223344556677\",\"attributes\":{"
                       "\"http.request.method\":\"POST\",\"url.path\":\"/post\",\"url.query\":\"a=1&sig=REDACTED\","
                       "\"url.scheme\":\"http\",\"url.template\":\"/post\",\"http.request.body.size\":6,"
                       "\"network.protocol.version\":\"1.1\",\"client.address\":\"::1\","
                       "\"client.port\":51234,\"server.address\":\"localhost\",\"server.port\":8080,"
                       "\"network.peer.address\":\"::1\",\"network.peer.port\":8080,\"user_agent.original\":\"curl/8\","
                       "\"error.type\":\"connection_closed\",\"process.pid\":4711,"
                       "\"url.full\":\"http://localhost:8080/post?a=1&sig=REDACTED\",\"redstart.truncated\":true}}\n");
}

static void foreign_bytes_never_break_a_line(void **state)
{
    struct span span = spans_server();
    char wild[256];
    for (unsigned i = 0; i < sizeof(wild); i++)
        wild[i] = (char)i;
    span.method = HTTP_METHOD_OTHER;
    span.method_original = span.path = span.query = span.user_agent = span.server_address =
        (struct str){wild, sizeof(wild)};
    struct buffer buffer;
    buffer_init(&buffer, 1 << 16);
    json_format_span(&buffer, &span);
    assert_false(buffer.failed);
    assert_ptr_equal(memchr(buffer.p, '\n', buffer.n), buffer.p + buffer.n - 1);
    unsigned quotes = 0;
    for (size_t i = 0, length; i < buffer.n - 1; i += length) {
        struct str rest = {buffer.p + i, buffer.n - i};
        length = utf8_sequence(rest);
        assert_true(length > 0 && !utf8_control(rest, length));
        quotes += buffer.p[i] == '"';
        if (buffer.p[i] == '\\') {
            assert_non_null(strchr("\"\\bfnrtu", buffer.p[i + 1]));
            length = 2;
        }
    }
    assert_int_equal(quotes % 2, 0);
    buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example),
        cmocka_unit_test(a_client_with_a_parent_and_an_error),
        cmocka_unit_test(foreign_bytes_never_break_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
