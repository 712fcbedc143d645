// The HTTP/1 parser: tables of heads with every field by value; each also cut at every byte, between two guard pages.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/l7/http1.h"
#include "common/lib/cleanup.h"
#include "tests/unit/l7/guard.h"

#define UNKNOWN HTTP1_LENGTH_UNKNOWN
// clang-format off
#define NONE       {NULL, 0}
#define S(literal) {literal, sizeof(literal) - 1}
// clang-format on

static void assert_text(struct str actual, struct str expected)
{
    assert_int_equal(actual.n, expected.n);
    if (expected.n)
        assert_memory_equal(actual.p, expected.p, expected.n);
}

struct request_case {
    struct str input;
    enum http_method method;
    struct str method_text, path, query, authority;
    enum http_version version;
    int64_t content_length;
    bool chunked;
    size_t body; // bytes behind the head
    struct str host;
};

static const struct request_case requests[] = {
    {S("GET /hello HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"), HTTP_METHOD_GET, S("GET"), S("/hello"), NONE, NONE,
     HTTP_VERSION_11, UNKNOWN, false, 0, S("localhost:8080")},
    {S("GET /a?b=c&d=e%20f HTTP/1.0\r\n\r\n"), HTTP_METHOD_GET, S("GET"), S("/a"), S("b=c&d=e%20f"), NONE,
     HTTP_VERSION_10, UNKNOWN, false, 0, NONE},
    {S("POST /post HTTP/1.1\r\nhost:\tx \r\ncontent-length:  6 \r\n\r\nabcdef"), HTTP_METHOD_POST, S("POST"),
     S("/post"), NONE, NONE, HTTP_VERSION_11, 6, false, 6, S("x")},
    {S("PUT /p HTTP/1.1\nHost: bare\nContent-Length: 0\n\n"), HTTP_METHOD_PUT, S("PUT"), S("/p"), NONE, NONE,
     HTTP_VERSION_11, 0, false, 0, S("bare")},
    {S("\r\n\n\r\nDELETE /d HTTP/1.1\r\n\r\n"), HTTP_METHOD_DELETE, S("DELETE"), S("/d"), NONE, NONE, HTTP_VERSION_11,
     UNKNOWN, false, 0, NONE},
    {S("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), HTTP_METHOD_OPTIONS, S("OPTIONS"), S("*"), NONE, NONE, HTTP_VERSION_11,
     UNKNOWN, false, 0, S("h")},
    {S("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"), HTTP_METHOD_CONNECT, S("CONNECT"), NONE,
     NONE, S("example.org:443"), HTTP_VERSION_11, UNKNOWN, false, 0, S("example.org:443")},
    {S("GET http://user:pw@a.example:81/x/y?z=1 HTTP/1.1\r\nHost: other\r\n\r\n"), HTTP_METHOD_GET, S("GET"), S("/x/y"),
     S("z=1"), S("user:pw@a.example:81"), HTTP_VERSION_11, UNKNOWN, false, 0, S("other")},
    {S("GET http://a.example HTTP/1.1\r\n\r\n"), HTTP_METHOD_GET, S("GET"), S("/"), NONE, S("a.example"),
     HTTP_VERSION_11, UNKNOWN, false, 0, NONE},
    {S("GET http://a.example?q HTTP/1.1\r\n\r\n"), HTTP_METHOD_GET, S("GET"), S("/"), S("q"), S("a.example"),
     HTTP_VERSION_11, UNKNOWN, false, 0, NONE},
    {S("get /lower HTTP/1.1\r\n\r\n"), HTTP_METHOD_OTHER, S("get"), S("/lower"), NONE, NONE, HTTP_VERSION_11, UNKNOWN,
     false, 0, NONE},
    {S("M-SEARCH * HTTP/1.1\r\n\r\n"), HTTP_METHOD_OTHER, S("M-SEARCH"), S("*"), NONE, NONE, HTTP_VERSION_11, UNKNOWN,
     false, 0, NONE},
    {S("QUERY /q HTTP/1.1\r\n\r\n"), HTTP_METHOD_QUERY, S("QUERY"), S("/q"), NONE, NONE, HTTP_VERSION_11, UNKNOWN,
     false, 0, NONE},
    {S("PATCH /q?a?b HTTP/1.2\r\n\r\n"), HTTP_METHOD_PATCH, S("PATCH"), S("/q"), S("a?b"), NONE, HTTP_VERSION_UNKNOWN,
     UNKNOWN, false, 0, NONE},
    {S("GET  /two  HTTP/1.1\r\n\r\n"), HTTP_METHOD_GET, S("GET"), S("/two"), NONE, NONE, HTTP_VERSION_11, UNKNOWN,
     false, 0, NONE},
    {S("GET /a b\"\x01\xff HTTP/1.1\r\n\r\n"), HTTP_METHOD_GET, S("GET"), S("/a b\"\x01\xff"), NONE, NONE,
     HTTP_VERSION_11, UNKNOWN, false, 0, NONE},
    {S("POST /c HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\nContent-Length: 5\r\n\r\n5\r\n"), HTTP_METHOD_POST,
     S("POST"), S("/c"), NONE, NONE, HTTP_VERSION_11, UNKNOWN, true, 3, NONE},
    {S("POST /c HTTP/1.1\r\nTRANSFER-ENCODING:chunked\r\n\r\n"), HTTP_METHOD_POST, S("POST"), S("/c"), NONE, NONE,
     HTTP_VERSION_11, UNKNOWN, true, 0, NONE},
    {S("POST /c HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n"), HTTP_METHOD_POST, S("POST"), S("/c"), NONE,
     NONE, HTTP_VERSION_11, UNKNOWN, false, 0, NONE},
    {S("POST /l HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5, 5\r\n\r\n"), HTTP_METHOD_POST, S("POST"), S("/l"),
     NONE, NONE, HTTP_VERSION_11, 5, false, 0, NONE},
    {S("POST /l HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), HTTP_METHOD_POST, S("POST"), S("/l"),
     NONE, NONE, HTTP_VERSION_11, UNKNOWN, false, 0, NONE},
    {S("POST /l HTTP/1.1\r\nContent-Length: -1\r\nContent-Length: 7\r\n\r\n"), HTTP_METHOD_POST, S("POST"), S("/l"),
     NONE, NONE, HTTP_VERSION_11, UNKNOWN, false, 0, NONE},
    {S("POST /l HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n"), HTTP_METHOD_POST, S("POST"), S("/l"), NONE,
     NONE, HTTP_VERSION_11, UNKNOWN, false, 0, NONE},
    {S("GET /n HTTP/1.1\r\nno colon here\r\n folded\r\nContent\rLength: 4\r\nHost : no\r\nHost:\r\n\r\n"),
     HTTP_METHOD_GET, S("GET"), S("/n"), NONE, NONE, HTTP_VERSION_11, UNKNOWN, false, 0, NONE},
};

static void request_fields(void **state)
{
    for (size_t i = 0; i < array_size(requests); i++) {
        const struct request_case *c = &requests[i];
        struct http1_request r;
        assert_int_equal(http1_request_parse(guard_before_end(c->input), &r), PARSE_OK);
        assert_int_equal(r.method, c->method);
        assert_text(r.method_text, c->method_text);
        assert_text(r.path, c->path);
        assert_text(r.query, c->query);
        assert_text(r.authority, c->authority);
        assert_int_equal(r.version, c->version);
        assert_int_equal(r.headers.content_length, c->content_length);
        assert_int_equal(r.headers.chunked, c->chunked);
        assert_text(r.headers.host, c->host);
        assert_true(r.line_complete && r.complete);
        assert_int_equal(r.head_size, c->input.n - c->body);
    }
}

// Each prefix of a head is PARSE_MORE, from its first to its last byte but one, wherever it lies in memory.
static void request_prefixes(void **state)
{
    for (size_t i = 0; i < array_size(requests); i++) {
        const struct request_case *c = &requests[i];
        size_t head = c->input.n - c->body;
        for (size_t n = 0; n <= c->input.n; n++) {
            struct str prefix = {c->input.p, n};
            struct http1_request a, b;
            enum parse_status expected = n < head ? PARSE_MORE : PARSE_OK;
            assert_int_equal(http1_request_parse(guard_before_end(prefix), &a), expected);
            assert_int_equal(http1_request_parse(guard_after_start(prefix), &b), expected);
            assert_int_equal(a.complete, n >= head);
            assert_int_equal(a.head_size, n >= head ? head : 0);
            assert_int_equal(b.head_size, a.head_size);
        }
    }
}

static const struct str bad_requests[] = {
    S("\x16\x03\x01\x02"),
    S(" GET / HTTP/1.1\r\n"),
    S("GET\r\n"),
    S("GET /\r\n"),
    S("GET / \r\n"),
    S("GET / HTTP/2.0\r\n"),
    S("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    S("GET / HTTP/1.\r\n"),
    S("GET / HTTP/1.1x\r\n"),
    S("GET / http/1.1\r\n"),
    S("GET / FOO/1.1\r\n\r\n"),
    S("GET HTTP/1.1\r\n\r\n"),
    S("GE\x01T / HTTP/1.1\r\n\r\n"),
    S("G\"T / HTTP/1.1\r\n\r\n"),
    S("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    S("\r\n\r\n\r /"),
    S("HTTP/1.1 200 OK\r\n\r\n"),
    S("\0\0\0\0"),
};

static void request_bad(void **state)
{
    for (size_t i = 0; i < array_size(bad_requests); i++) {
        struct http1_request r;
        assert_int_equal(http1_request_parse(guard_before_end(bad_requests[i]), &r), PARSE_BAD);
        assert_int_equal(r.method_text.n, 0);
        assert_int_equal(r.headers.content_length, UNKNOWN);
    }
}

static void request_cut_off(void **state)
{
    struct http1_request r;
    assert_int_equal(http1_request_parse(STR("GET /very/lo"), &r), PARSE_MORE);
    assert_false(r.line_complete);
    assert_text(r.path, STR("/very/lo"));
    assert_int_equal(r.method, HTTP_METHOD_GET);
    assert_int_equal(http1_request_parse(STR("GET /whole?q=1 HTTP/1.1\r"), &r), PARSE_MORE);
    assert_false(r.line_complete);
    assert_text(r.path, STR("/whole"));
    assert_text(r.query, STR("q=1"));
    assert_int_equal(r.version, HTTP_VERSION_11);
    assert_int_equal(http1_request_parse(STR("GET /whole HTT"), &r), PARSE_MORE);
    assert_text(r.path, STR("/whole"));
    assert_int_equal(r.version, HTTP_VERSION_UNKNOWN);
    // A header line that is cut off is not looked at: its number may go on.
    assert_int_equal(http1_request_parse(STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12"), &r), PARSE_MORE);
    assert_true(r.line_complete);
    assert_text(r.headers.host, STR("a"));
    assert_int_equal(r.headers.content_length, UNKNOWN);
}

static void header_values(void **state)
{
    static const struct {
        struct str lines;
        struct str user_agent, traceparent, proto;
        bool close, keep_alive, upgrade;
    } cases[] = {
        {S("User-Agent: curl/8.1\r\n"), S("curl/8.1"), NONE, NONE, false, false, false},
        {S("USER-AGENT: a b\r\nuser-agent: second\r\n"), S("a b"), NONE, NONE, false, false, false},
        {S("TraceParent: 00-aa-bb-01\r\n"), NONE, S("00-aa-bb-01"), NONE, false, false, false},
        {S("traceparent: 00-aa-bb-01\r\ntraceparent: 00-aa-bb-01\r\n"), NONE, S(""), NONE, false, false, false},
        {S("traceparent: 1\r\ntraceparent: 2\r\ntraceparent: 3\r\n"), NONE, S(""), NONE, false, false, false},
        {S("X-Forwarded-Proto: https\r\n"), NONE, NONE, S("https"), false, false, false},
        {S("X-Forwarded-Proto: https, http\r\n"), NONE, NONE, S("https"), false, false, false},
        {S("Forwarded: for=1.2.3.4;Proto=https;by=x, proto=http\r\n"), NONE, NONE, S("https"), false, false, false},
        {S("X-Forwarded-Proto: http\r\nForwarded: proto=\"https\"\r\n"), NONE, NONE, S("https"), false, false, false},
        {S("Forwarded: for=1.2.3.4\r\nX-Forwarded-Proto: https\r\n"), NONE, NONE, S("https"), false, false, false},
        {S("Connection: close\r\n"), NONE, NONE, NONE, true, false, false},
        {S("Connection: Keep-Alive, Upgrade\r\n"), NONE, NONE, NONE, false, true, true},
        {S("Connection:closed\r\n"), NONE, NONE, NONE, false, false, false},
        {S("X: 1\r\n:\r\n: x\r\nt\r\nc:\r\n"), NONE, NONE, NONE, false, false, false},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        char text[512] = "GET / HTTP/1.1\r\n";
        size_t n = strlen(text);
        memcpy(text + n, cases[i].lines.p, cases[i].lines.n);
        n += cases[i].lines.n;
        memcpy(text + n, "\r\n", 2);
        struct http1_request r;
        assert_int_equal(http1_request_parse(guard_before_end((struct str){text, n + 2}), &r), PARSE_OK);
        assert_text(r.headers.user_agent, cases[i].user_agent);
        assert_text(r.headers.traceparent, cases[i].traceparent);
        assert_text(r.headers.forwarded_proto, cases[i].proto);
        assert_int_equal(r.headers.close, cases[i].close);
        assert_int_equal(r.headers.keep_alive, cases[i].keep_alive);
        assert_int_equal(r.headers.upgrade, cases[i].upgrade);
    }
}

static void b3_headers(void **state)
{
#define B3(lines) S("GET / HTTP/1.1\r\n" lines "\r\n")
    static const struct {
        struct str input, single, trace_id, span_id, sampled, flags;
    } cases[] = {
        {B3("B3: x\r\n"), S("x"), NONE, NONE, NONE, NONE},
        {B3("b3: x\r\nb3: x\r\n"), S(""), NONE, NONE, NONE, NONE},
        {B3("b32: x\r\nX-B3: x\r\nX-B3-Trace: y\r\n"), NONE, NONE, NONE, NONE, NONE},
        {B3("X-B3-TraceId: 1\r\nx-b3-spanid:2\r\nX-B3-ParentSpanId: 9\r\nX-B3-Sampled: 1\r\nX-B3-Flags: 0\r\n"), NONE,
         S("1"), S("2"), S("1"), S("0")},
        {B3("X-B3-TraceId: 1\r\nX-B3-SpanId: 2\r\nX-B3-TraceId: 3\r\nX-B3-SpanId: 4\r\nX-B3-Sampled: "
            "0\r\nx-b3-sampled: 1\r\n"),
         NONE, S(""), S(""), S(""), NONE},
    };
#undef B3
    for (size_t i = 0; i < array_size(cases); i++) {
        struct http1_request r;
        assert_int_equal(http1_request_parse(guard_before_end(cases[i].input), &r), PARSE_OK);
        assert_text(r.headers.b3.single, cases[i].single);
        assert_text(r.headers.b3.trace_id, cases[i].trace_id);
        assert_text(r.headers.b3.span_id, cases[i].span_id);
        assert_text(r.headers.b3.sampled, cases[i].sampled);
        assert_text(r.headers.b3.flags, cases[i].flags);
    }
}

static const struct {
    struct str input;
    uint16_t status;
    enum http_version version;
    int64_t content_length;
    bool chunked;
    size_t interim, body; // bytes of interim heads before, of body behind the final head
} responses[] = {
    {S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), 200, HTTP_VERSION_11, 5, false, 0, 5},
    {S("HTTP/1.0 404\r\n\r\n"), 404, HTTP_VERSION_10, UNKNOWN, false, 0, 0},
    {S("HTTP/1.1 200 \nTransfer-Encoding: Chunked\n\n0\r\n\r\n"), 200, HTTP_VERSION_11, UNKNOWN, true, 0, 5},
    {S("HTTP/1.1 999 What\r\n\r\n"), 999, HTTP_VERSION_11, UNKNOWN, false, 0, 0},
    {S("HTTP/1.9 301 Moved\r\n\r\n"), 301, HTTP_VERSION_UNKNOWN, UNKNOWN, false, 0, 0},
    {S("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01x"), 101, HTTP_VERSION_11, UNKNOWN, false,
     0, 3},
    {S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"), 201, HTTP_VERSION_11, 2,
     false, 25, 2},
    {S("HTTP/1.1 103 Early\r\nContent-Length: 9\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 204 No\r\n\r\n"), 204,
     HTTP_VERSION_11, UNKNOWN, false, 59, 0},
};

static void response_fields(void **state)
{
    for (size_t i = 0; i < array_size(responses); i++) {
        struct http1_response r;
        assert_int_equal(http1_response_parse(guard_before_end(responses[i].input), &r), PARSE_OK);
        assert_int_equal(r.status, responses[i].status);
        assert_int_equal(r.version, responses[i].version);
        assert_int_equal(r.headers.content_length, responses[i].content_length);
        assert_int_equal(r.headers.chunked, responses[i].chunked);
        assert_true(r.complete);
        assert_int_equal(r.head_size, responses[i].input.n - responses[i].body);
    }
}

static void response_prefixes(void **state)
{
    for (size_t i = 0; i < array_size(responses); i++) {
        struct str input = responses[i].input;
        size_t head = input.n - responses[i].body, status_end = responses[i].interim + strlen("HTTP/1.1 200");
        for (size_t n = 0; n <= input.n; n++) {
            struct str prefix = {input.p, n};
            struct http1_response a, b;
            enum parse_status expected = n < head ? PARSE_MORE : PARSE_OK;
            assert_int_equal(http1_response_parse(guard_before_end(prefix), &a), expected);
            assert_int_equal(http1_response_parse(guard_after_start(prefix), &b), expected);
            assert_int_equal(a.status, b.status);
            assert_int_equal(a.complete, n >= head);
            if (n >= status_end)
                assert_int_equal(a.status, responses[i].status);
            else if (responses[i].interim == 0)
                assert_int_equal(a.status, 0);
            else if (n >= strlen("HTTP/1.1 200"))
                assert_int_equal(a.status / 100, 1);
        }
    }
}

static void response_bad(void **state)
{
    static const struct str cases[] = {
        S("HTTP/2 200\r\n"),
        S("HTTP/1.1 20\r\n"),
        S("HTTP/1.1 2x0"),
        S("HTTP/1.1 2000"),
        S("HTTP/1.1\r\n"),
        S("HTTP/1.x 200"),
        S("http/1.1 200 OK"),
        S("XTTP"),
        S("HTTP/1.1  200"),
        S("SSH-2.0-x"),
        S("HTTP/1.1 200\tOK"),
        S("HTTP/1.1 100 Continue\r\n\r\ngarbage"),
        S("\0"),
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct http1_response r;
        assert_int_equal(http1_response_parse(guard_before_end(cases[i]), &r), PARSE_BAD);
        assert_int_equal(r.status, 0);
    }
}

static void bodyless(void **state)
{
    assert_true(http1_response_bodyless(HTTP_METHOD_HEAD, 200));
    assert_true(http1_response_bodyless(HTTP_METHOD_GET, 204));
    assert_true(http1_response_bodyless(HTTP_METHOD_GET, 304));
    assert_true(http1_response_bodyless(HTTP_METHOD_GET, 101));
    assert_true(http1_response_bodyless(HTTP_METHOD_CONNECT, 200));
    assert_false(http1_response_bodyless(HTTP_METHOD_CONNECT, 403));
    assert_false(http1_response_bodyless(HTTP_METHOD_GET, 200));
    assert_false(http1_response_bodyless(HTTP_METHOD_OTHER, 205));
}

static void names(void **state)
{
    assert_string_equal(http_method_name(HTTP_METHOD_OTHER), "_OTHER");
    assert_string_equal(http_method_name(HTTP_METHOD_OPTIONS), "OPTIONS");
    assert_string_equal(http_version_name(HTTP_VERSION_10), "1.0");
    assert_string_equal(http_version_name(HTTP_VERSION_11), "1.1");
    assert_null(http_version_name(HTTP_VERSION_UNKNOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_fields),  cmocka_unit_test(request_prefixes),  cmocka_unit_test(request_bad),
        cmocka_unit_test(request_cut_off), cmocka_unit_test(header_values),     cmocka_unit_test(response_fields),
        cmocka_unit_test(response_bad),    cmocka_unit_test(response_prefixes), cmocka_unit_test(bodyless),
        cmocka_unit_test(names),           cmocka_unit_test(b3_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
