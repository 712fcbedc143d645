// From a record to a span: times, sizes, addresses, errors, trace context, by value. Long, because every field of a
// span has its table here.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include "collector/core/clock.h"
#include "tests/unit/records.h"

#define GET   "GET /hello?a=b HTTP/1.1\r\nHost: shop.example:81\r\nUser-Agent: t/1\r\n\r\n"
#define OK    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define PROXY "GET http://proxied.example/x HTTP/1.1\r\nHost: other\r\n\r\n"

static const struct process caller = {.pid = RECORD_PID};
static union record_room room;
static struct exchange exchange;
static struct span span;
static const struct propagators *propagators = &propagators_default;

static void assert_text(struct str actual, const char *expected)
{
    assert_int_equal(actual.n, strlen(expected));
    assert_memory_equal(actual.n ? actual.p : "", expected, actual.n);
}

static void build(void)
{
    assert_int_equal(exchange_parse(&room.record, &exchange), PARSE_OK);
    memset(&span, 0xa5, sizeof span);
    exchange_to_span(&exchange, &caller, propagators, &span);
}

static void server_span(void **state)
{
    clock_offset_set(1000000);
    record_make(&room, STR(GET), STR(OK));
    build();
    assert_int_equal(span.kind, SPAN_KIND_SERVER);
    assert_ptr_equal(span.process, &caller);
    assert_int_equal(span.start_monotonic_ns, 1000);
    assert_int_equal(span.start_unix_ns, 1001000);
    assert_int_equal(span.duration_ns, 2000);
    assert_int_equal(span.queue_ns, 500);
    assert_int_equal(span.processing_ns, 1500);
    assert_int_equal(span.method, HTTP_METHOD_GET);
    assert_int_equal(span.method_original.n, 0);
    assert_text(span.path, "/hello");
    assert_text(span.query, "a=b");
    assert_text(span.user_agent, "t/1");
    assert_int_equal(span.route.n, 0);
    assert_string_equal(span.scheme, "http");
    assert_text(span.server_address, "shop.example");
    assert_int_equal(span.server_port, 8080);
    assert_string_equal(span.client.text, "192.0.2.1");
    assert_int_equal(span.client.port, 50000);
    assert_string_equal(span.server.text, "127.0.0.1");
    assert_int_equal(span.server.port, 8080);
    assert_int_equal(span.version, HTTP_VERSION_11);
    assert_int_equal(span.status, 200);
    assert_null(span.error_type);
    assert_int_equal(span.request_body, 0);
    assert_int_equal(span.response_body, 5);
    assert_false(span.truncated);
    assert_false(span.has_parent);
    assert_true(span.sampled);
}

static void client_span(void **state)
{
    struct http1_record *record = record_make(&room, STR(GET), STR(OK));
    record->role = RECORD_ROLE_CLIENT;
    build();
    assert_int_equal(span.kind, SPAN_KIND_CLIENT);
    assert_int_equal(span.start_monotonic_ns, 1500);
    assert_int_equal(span.duration_ns, 1500);
    assert_true(span.queue_ns == SPAN_TIME_UNKNOWN && span.processing_ns == SPAN_TIME_UNKNOWN);
    assert_string_equal(span.client.text, "127.0.0.1");
    assert_string_equal(span.server.text, "192.0.2.1");
    assert_text(span.server_address, "shop.example");
    assert_int_equal(span.server_port, 81);
}

static void times(void **state)
{
    static const struct {
        uint64_t arrived, started, ended, duration, queue, processing;
    } cases[] = {
        {1000, 1500, 3000, 2000, 500, 1500}, {0, 1500, 3000, 1500, SPAN_TIME_UNKNOWN, SPAN_TIME_UNKNOWN},
        {1000, 900, 3000, 2000, 0, 2000},    {1000, 4000, 3000, 2000, 2000, 0},
        {5000, 4000, 3000, 0, 0, 0},         {0, 4000, 3000, 0, SPAN_TIME_UNKNOWN, SPAN_TIME_UNKNOWN},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct http1_record *record = record_make(&room, STR(GET), STR(OK));
        record->arrived = cases[i].arrived;
        record->started = cases[i].started;
        record->ended = cases[i].ended;
        build();
        assert_int_equal(span.duration_ns, cases[i].duration);
        assert_true(span.queue_ns == cases[i].queue && span.processing_ns == cases[i].processing);
    }
}

static void hosts(void **state)
{
    static const struct {
        const char *request;
        uint8_t role;
        const char *address, *scheme;
        uint16_t port;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: [::1]:9\r\n\r\n", RECORD_ROLE_SERVER, "::1", "http", 8080},
        {"GET / HTTP/1.0\r\n\r\n", RECORD_ROLE_SERVER, "127.0.0.1", "http", 8080},
        {"GET / HTTP/1.0\r\n\r\n", RECORD_ROLE_CLIENT, "192.0.2.1", "http", 50000},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", RECORD_ROLE_CLIENT, "a", "http", 50000},
        {PROXY, RECORD_ROLE_SERVER, "proxied.example", "http", 8080},
        {PROXY, RECORD_ROLE_CLIENT, "proxied.example", "http", 80},
        {"GET https://u:p@s.example/ HTTP/1.1\r\n\r\n", RECORD_ROLE_CLIENT, "s.example", "https", 443},
        {"CONNECT t.example:444 HTTP/1.1\r\nHost: x\r\n\r\n", RECORD_ROLE_CLIENT, "t.example", "http", 444},
        {"GET / HTTP/1.1\r\nX-Forwarded-Proto: HTTPS\r\n\r\n", RECORD_ROLE_SERVER, "127.0.0.1", "https", 8080},
        {"GET / HTTP/1.1\r\nX-Forwarded-Proto: https\r\n\r\n", RECORD_ROLE_CLIENT, "192.0.2.1", "http", 50000},
        {"GET / HTTP/1.1\r\nForwarded: proto=gopher\r\n\r\n", RECORD_ROLE_SERVER, "127.0.0.1", "http", 8080},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        record_make(&room, str_from(cases[i].request), STR(OK))->role = cases[i].role;
        build();
        assert_text(span.server_address, cases[i].address);
        assert_string_equal(span.scheme, cases[i].scheme);
        assert_int_equal(span.server_port, cases[i].port);
    }
}

static void unix_socket(void **state)
{
    union record_room tcp;
    struct http1_record *record = record_make(&tcp, STR(GET), STR(OK));
    record->family = AF_UNIX;
    record_compose(&room.record, record, exchange_request_capture(record), exchange_response_capture(record),
                   STR("\0shop"));
    build();
    assert_text(span.server_address, "@shop");
    assert_string_equal(span.server.text, "@shop");
    assert_string_equal(span.client.text, "");
    assert_int_equal(span.server_port, 0);
    record_compose(&room.record, record, exchange_request_capture(record), exchange_response_capture(record), STR(""));
    build();
    assert_text(span.server_address, "shop.example");
}

static void request_sizes(void **state)
{
    static const struct {
        const char *request;
        int64_t more; // bytes read beyond the text
        uint16_t flags;
        int64_t size;
    } cases[] = {
        {"POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\nabcdef", 0, 0, 6},
        {"POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc", 0, 0, 3}, // answered before it was read
        {"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n", 1000, 0, 1000},
        {"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\n\r\n", 0, 0, 2}, // pipelined
        {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n", 17, 0, 20},
        {"POST / HTTP/1.1\r\n\r\n", 9, 0, 0},
        {"POST / HTTP/1.1\r\nContent-Length: 7\r\nX: ", 100, 0, 7},
        {"POST / HTTP/1.1\r\nX: ", 100, RECORD_FLAG_REQUEST_ENDS, SPAN_SIZE_UNKNOWN},
        {"GET / HTTP/1.1\r\nX: ", 100, RECORD_FLAG_REQUEST_ENDS, 0},
        {"GET / HTTP/1.1\r\nX: ", 100, 0, SPAN_SIZE_UNKNOWN},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct http1_record *record = record_make(&room, str_from(cases[i].request), STR(OK));
        record->request_bytes += (uint64_t)cases[i].more;
        record->flags = cases[i].flags;
        build();
        assert_int_equal(span.request_body, cases[i].size);
    }
}

static void response_sizes(void **state)
{
    static const struct {
        const char *method, *response;
        int64_t more, size;
    } cases[] = {
        {"GET", OK, 0, 5},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx", 49, 50},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx", 4, 5},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 30, 1}, // another response follows
        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 5},
        {"GET", "HTTP/1.0 200 OK\r\n\r\nclosed", 10, 16},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", 0, 0},
        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 50\r\n\r\n", 0, 0},
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n", 0, 0},
        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\nX: ", 400, 50},
        {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: ", 400, SPAN_SIZE_UNKNOWN},
        {"GET", "HTTP/1.1 200 OK\r\nX: ", 400, SPAN_SIZE_UNKNOWN},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        char request[64];
        snprintf(request, sizeof request, "%s / HTTP/1.1\r\n\r\n", cases[i].method);
        struct http1_record *record = record_make(&room, str_from(request), str_from(cases[i].response));
        record->response_bytes += (uint64_t)cases[i].more;
        build();
        assert_int_equal(span.response_body, cases[i].size);
    }
}

static void errors(void **state)
{
    static const struct {
        const char *status;
        uint8_t role;
        const char *error;
    } cases[] = {
        {"404", RECORD_ROLE_SERVER, NULL},  {"404", RECORD_ROLE_CLIENT, "404"}, {"399", RECORD_ROLE_CLIENT, NULL},
        {"500", RECORD_ROLE_SERVER, "500"}, {"503", RECORD_ROLE_CLIENT, "503"}, {"999", RECORD_ROLE_SERVER, "999"},
        {"499", RECORD_ROLE_UNKNOWN, NULL},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        char response[64];
        snprintf(response, sizeof response, "HTTP/1.1 %s X\r\n\r\n", cases[i].status);
        record_make(&room, STR(GET), str_from(response))->role = cases[i].role;
        build();
        assert_string_equal(span.error_type ? span.error_type : "none", cases[i].error ? cases[i].error : "none");
    }
}

static void no_answer(void **state)
{
    static const struct {
        int error;
        const char *type;
    } cases[] = {{0, "connection_closed"},
                 {ECONNRESET, "connection_reset"},
                 {ETIMEDOUT, "timeout"},
                 {EPIPE, "connection_closed"}};
    for (size_t i = 0; i < array_size(cases); i++) {
        struct http1_record *record = record_make(&room, STR(GET), STR(""));
        record->flags = RECORD_FLAG_NO_RESPONSE | RECORD_FLAG_CLOSED;
        record->socket_error = (int16_t)cases[i].error;
        build();
        assert_int_equal(span.status, 0);
        assert_string_equal(span.error_type, cases[i].type);
        assert_int_equal(span.response_body, SPAN_SIZE_UNKNOWN);
        assert_int_equal(span.duration_ns, 2000);
    }
}

static void truncation(void **state)
{
    record_make(&room, STR("GET /a/very/long"), STR(OK));
    build();
    assert_true(span.truncated);
    assert_text(span.path, "/a/very/long");
    record_make(&room, STR("GET /whole HTT"), STR(OK));
    build();
    assert_false(span.truncated);
    assert_text(span.path, "/whole");
    record_make(&room, STR("BREW /pot HTTP/1.1\r\nX: "), STR(OK));
    build();
    assert_false(span.truncated);
    assert_text(span.method_original, "BREW");
}

static void trace_context(void **state)
{
    record_make(&room,
                STR("GET / HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\r\n\r\n"),
                STR(OK));
    build();
    assert_true(span.has_parent);
    assert_false(span.sampled);
    assert_int_equal(span.trace_id[0], 0x0a);
    assert_int_equal(span.trace_id[15], 0x9c);
    assert_int_equal(span.parent_span_id[7], 0x31);
    uint8_t first[8];
    memcpy(first, span.span_id, sizeof first);
    build();
    assert_memory_not_equal(first, span.span_id, sizeof first);
}

// A parent, its decision without ids, and none: what a span has of it.
static void propagation(void **state)
{
    static const struct propagators b3 = {.count = 1, .order = {PROPAGATOR_B3}};
    static const struct {
        const char *request;
        bool has_parent, decided, sampled;
    } cases[] = {
        {"GET / HTTP/1.1\r\nb3: 463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-0\r\n\r\n", true, true, false},
        {"GET / HTTP/1.1\r\nb3: 463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312\r\n\r\n", true, false, true},
        {"GET / HTTP/1.1\r\nb3: 0\r\n\r\n", false, true, false},
        {"GET / HTTP/1.1\r\n\r\n", false, false, true},
    };
    static const uint8_t zero[16];
    propagators = &b3;
    for (size_t i = 0; i < array_size(cases); i++) {
        record_make(&room, str_from(cases[i].request), STR(OK));
        build();
        assert_int_equal(span.has_parent, cases[i].has_parent);
        assert_int_equal(span.sampling_decided, cases[i].decided);
        assert_int_equal(span.sampled, cases[i].sampled);
        assert_int_equal(memcmp(span.parent_span_id, zero, sizeof span.parent_span_id) == 0, !cases[i].has_parent);
        assert_memory_not_equal(span.trace_id, zero, sizeof span.trace_id);
    }
    propagators = &propagators_default;
}

static void trace_state(void **state)
{
#define PARENT "GET / HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
    static const struct {
        const char *request, *expected;
    } cases[] = {
        {PARENT "tracestate: a=1, b@c=x y\r\n\r\n", "a=1, b@c=x y"},
        {PARENT "TraceState:\r\n\r\n", ""},
        {PARENT "\r\n", ""},
        {PARENT "tracestate: a=\x80\r\n\r\n", ""},
        {PARENT "tracestate: a=1\r\ntracestate: b=2\r\n\r\n", ""},
        {"GET / HTTP/1.1\r\ntracestate: a=1\r\n\r\n", ""}, // without a parent it means nothing
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        record_make(&room, str_from(cases[i].request), STR(OK));
        build();
        assert_text(span.trace_state, cases[i].expected);
    }
#undef PARENT
}

static void unusable(void **state)
{
    static const struct {
        const char *request, *response;
    } cases[] = {
        {"", OK}, {"\x16\x03", OK}, {GET, ""}, {GET, "HTTP/1.1 2"}, {GET, "SSH-2.0"}, {"GET / HTTP/3.0\r\n", OK},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        record_make(&room, str_from(cases[i].request), str_from(cases[i].response));
        assert_int_equal(exchange_parse(&room.record, &exchange), PARSE_BAD);
    }
}

static void names(void **state)
{
    char scratch[16];
    struct span named = {.method = HTTP_METHOD_GET};
    assert_text(span_name(&named, scratch, sizeof scratch), "GET");
    named.route = STR("/users/{id}");
    assert_text(span_name(&named, scratch, sizeof scratch), "GET /users/{id}");
    named.route = STR("/users/{id}/x");
    assert_text(span_name(&named, scratch, sizeof scratch), "GET");
    named.method = HTTP_METHOD_OTHER;
    named.route = STR("/x");
    assert_text(span_name(&named, scratch, sizeof scratch), "HTTP /x");
}

// Each bit of an id is set as often as not (five standard deviations of 3,000 throws), and no two ids are the same.
static void ids_are_random(void **state)
{
    enum { IDS = 3000, LEAST = IDS / 2 - 137, MOST = IDS / 2 + 137 };
    static uint8_t seen[IDS][16], zero[8];
    unsigned set[128] = {0};
    for (size_t i = 0; i < IDS; i++) {
        span_id_random(seen[i], sizeof seen[i]);
        assert_memory_not_equal(seen[i], zero, sizeof zero);
        for (size_t bit = 0; bit < array_size(set); bit++)
            set[bit] += seen[i][bit / 8] >> bit % 8 & 1;
        for (size_t before = 0; before < i; before++)
            assert_memory_not_equal(seen[i], seen[before], sizeof seen[i]);
    }
    for (size_t bit = 0; bit < array_size(set); bit++)
        assert_in_range(set[bit], LEAST, MOST);
}

// Nobody reads spans: what is measured is there, what names the request is not; nothing is left as it was in memory.
static void measured_only(void **state)
{
    static const uint8_t none[16];
    propagators = NULL;
    record_make(&room,
                STR("GET /hello HTTP/1.1\r\nHost: a\r\nTraceparent: "
                    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"),
                STR(OK));
    build();
    assert_int_equal(span.duration_ns, 2000);
    assert_int_equal(span.queue_ns, 500);
    assert_int_equal(span.status, 200);
    assert_int_equal(span.response_body, 5);
    assert_text(span.path, "/hello");
    assert_int_equal(span.server.port, 8080);
    assert_int_equal(span.client.port, 50000);
    assert_int_equal(span.server_port, 8080);
    assert_int_equal(span.server.n + span.client.n + span.server_address.n + span.forwarded_for.n + span.trace_state.n,
                     0);
    assert_memory_equal(span.trace_id, none, sizeof span.trace_id);
    assert_memory_equal(span.span_id, none, sizeof span.span_id);
    assert_false(span.has_parent || span.sampled || span.sampling_decided);

    room.record.role = RECORD_ROLE_CLIENT; // its series has the server's name
    build();
    assert_text(span.server_address, "a");
    propagators = &propagators_default;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_span),   cmocka_unit_test(measured_only),  cmocka_unit_test(client_span),
        cmocka_unit_test(times),         cmocka_unit_test(hosts),          cmocka_unit_test(unix_socket),
        cmocka_unit_test(request_sizes), cmocka_unit_test(response_sizes), cmocka_unit_test(errors),
        cmocka_unit_test(no_answer),     cmocka_unit_test(truncation),     cmocka_unit_test(trace_context),
        cmocka_unit_test(trace_state),   cmocka_unit_test(propagation),    cmocka_unit_test(unusable),
        cmocka_unit_test(names),         cmocka_unit_test(ids_are_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
