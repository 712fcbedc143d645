// Pushing as a whole, against an endpoint that answers by a script: what is sent when, what is tried again, what is
// counted. Everything runs on one loop.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include <zlib.h>
#include "collector/core/clock.h"
#include "collector/export/otlp.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb-c.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "tests/unit/export/otlp_endpoint.h"
#include "tests/unit/export/otlp_sample.h"

#define OK_EMPTY     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define STATUS(code) "HTTP/1.1 " code " X\r\nContent-Length: 0\r\n\r\n"
#define NEVER_NS     (3600 * NS_PER_SEC)

struct fixture {
    struct loop *loop;
    struct endpoint endpoint;
    struct red *red;
    struct process_table *processes;
    struct self self;
    struct otlp_settings settings;
    struct otlp *otlp;
    char metrics_url[64], traces_url[64];
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    *state = fixture;
    if (loop_new(&fixture->loop) || red_new(&fixture->red, 100, 0) ||
        process_table_new(&fixture->processes, NULL, "host", 64))
        return -1;
    endpoint_open(&fixture->endpoint, fixture->loop);
    snprintf(fixture->metrics_url, sizeof(fixture->metrics_url), "http://127.0.0.1:%u/v1/metrics",
             fixture->endpoint.port);
    snprintf(fixture->traces_url, sizeof(fixture->traces_url), "http://127.0.0.1:%u/v1/traces", fixture->endpoint.port);
    fixture->settings = (struct otlp_settings){
        .destination = {{{{.timeout_ns = 5 * NS_PER_SEC}, {.timeout_ns = 5 * NS_PER_SEC}}}},
        .destinations = 1,
        .metric_interval_ns = NEVER_NS,
        .batch_delay_ns = 10 * NS_PER_MS,
        .batch_max = 4,
        .queue_max = 8,
        .give_up_ns = {300 * NS_PER_SEC, 300 * NS_PER_SEC},
    };
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    otlp_free(fixture->otlp);
    endpoint_release(&fixture->endpoint);
    red_free(fixture->red);
    process_table_free(fixture->processes);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void start(struct fixture *fixture, const char *const *script, unsigned script_n)
{
    fixture->endpoint.script = script;
    fixture->endpoint.script_n = script_n;
    assert_int_equal(otlp_new(&fixture->otlp, fixture->loop, &fixture->settings,
                              &(const struct otlp_sources){
                                  .red = fixture->red, .processes = fixture->processes, .self = &fixture->self}),
                     0);
}

static void run_until(struct fixture *fixture, const uint64_t *value, uint64_t wanted)
{
    uint64_t deadline = clock_monotonic_ns() + 10 * NS_PER_SEC;
    while (*value < wanted && clock_monotonic_ns() < deadline)
        assert_int_equal(loop_run_once(fixture->loop, 50 * NS_PER_MS), 0);
    assert_int_equal(*value, wanted);
}

static void push(struct fixture *fixture, unsigned n)
{
    struct span span = sample_client_span(); // one span of a request each
    for (unsigned i = 0; i < n; i++)
        otlp_span(fixture->otlp, &span);
}

static void assert_dropped(const struct fixture *fixture, uint64_t queue_full, uint64_t export_failed)
{
    assert_int_equal(fixture->self.spans_dropped[SELF_SPANS_DROPPED_QUEUE_FULL], queue_full);
    assert_int_equal(fixture->self.spans_dropped[SELF_SPANS_DROPPED_EXPORT_FAILED], export_failed);
}

static void spans_go_out_over_one_connection(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].headers[0] = "X-Key: abc";
    start(fixture, (const char *const[]){OK_EMPTY}, 1);
    assert_string_equal(traces->destination, fixture->traces_url);
    assert_null(fixture->self.exports[0][SELF_SIGNAL_METRICS].destination);
    for (unsigned i = 1; i <= 5; i++) {
        push(fixture, 2);
        run_until(fixture, &traces->sent, 2 * i);
    }
    assert_int_equal(fixture->endpoint.requests, 5);
    assert_int_equal(fixture->endpoint.connections, 1);
    assert_true(strncmp(fixture->endpoint.head, "POST /v1/traces HTTP/1.1\r\n", 26) == 0);
    assert_non_null(strstr(fixture->endpoint.head, "\r\nContent-Type: application/x-protobuf\r\n"));
    assert_non_null(strstr(fixture->endpoint.head, "\r\nX-Key: abc\r\n"));
    assert_non_null(strstr(fixture->endpoint.head, "\r\nUser-Agent: redstart/" REDSTART_VERSION " "));
    assert_null(strstr(fixture->endpoint.head, "Content-Encoding"));
    assert_null(strstr(fixture->endpoint.head, "Expect"));
    assert_dropped(fixture, 0, 0);
    assert_int_equal(traces->retries, 0);
}

static void a_full_batch_does_not_wait(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    fixture->settings.batch_delay_ns = NEVER_NS;
    start(fixture, (const char *const[]){OK_EMPTY}, 1);
    push(fixture, 9); // 4 leave at once, 4 when those are accepted, 1 waits
    run_until(fixture, &traces->sent, 8);
    assert_int_equal(fixture->endpoint.requests, 2);
    otlp_flush(fixture->otlp, NS_PER_SEC);
    assert_int_equal(traces->sent, 9);
    assert_dropped(fixture, 0, 0);
}

static void a_server_that_is_busy_is_asked_again(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    uint64_t before = clock_monotonic_ns();
    start(
        fixture,
        (const char *const[]){STATUS("503"), "HTTP/1.1 429 X\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n", OK_EMPTY},
        3);
    push(fixture, 3);
    run_until(fixture, &traces->sent, 3);
    assert_int_equal(fixture->endpoint.requests, 3);
    assert_int_equal(traces->retries, 2);
    assert_true(clock_monotonic_ns() - before >= 2500 * NS_PER_MS); // 0.5 s at least, then what it asked for
    assert_dropped(fixture, 0, 0);
}

static void a_date_to_come_back_is_kept(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    char answer[128];
    time_t then = time(NULL) + 3;
    strftime(answer, sizeof(answer),
             "HTTP/1.1 503 X\r\nRetry-After: %a, %d %b %Y %H:%M:%S GMT\r\nContent-Length: 0\r\n\r\n", gmtime(&then));
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    uint64_t before = clock_monotonic_ns();
    start(fixture, (const char *const[]){answer, OK_EMPTY}, 2);
    push(fixture, 1);
    run_until(fixture, &traces->sent, 1);
    assert_true(clock_monotonic_ns() - before >= 1900 * NS_PER_MS); // without the date 1.5 s at most
}

static void a_connection_that_breaks_is_retried(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_METRICS].timeout_ns =
        fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].timeout_ns = 200 * NS_PER_MS;
    start(fixture, (const char *const[]){"", NULL, OK_EMPTY}, 3); // closed, then silent beyond the timeout
    push(fixture, 1);
    run_until(fixture, &traces->sent, 1);
    assert_int_equal(traces->retries, 2);
}

static void a_refusal_is_final(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    start(fixture, (const char *const[]){STATUS("400"), STATUS("500"), OK_EMPTY}, 3);
    push(fixture, 2);
    run_until(fixture, &traces->failed[SELF_FAILURE_REJECTED], 2);
    push(fixture, 3);
    run_until(fixture, &traces->failed[SELF_FAILURE_REJECTED], 5);
    push(fixture, 1);
    run_until(fixture, &traces->sent, 1);
    assert_int_equal(traces->retries, 0);
    assert_dropped(fixture, 0, 5);
}

static void what_was_rejected_in_part_is_counted(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    // ExportTraceServiceResponse{partial_success{rejected_spans: 1, error_message: "no\n"}}
    start(fixture, (const char *const[]){"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\x0a\x07\x08\x01\x12\x03no\n"},
          1);
    push(fixture, 3);
    run_until(fixture, &traces->sent, 2);
    assert_int_equal(traces->failed[SELF_FAILURE_REJECTED], 1);
    assert_int_equal(traces->retries, 0);
    assert_dropped(fixture, 0, 1);
}

static void odd_but_good_answers_are_accepted(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    start(fixture,
          (const char *const[]){"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nfine\n",
                                "HTTP/1.1 204 No Content\r\n\r\n",
                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\x0a\x01\r\n0\r\n\r\n"},
          3);
    for (unsigned i = 1; i <= 3; i++) {
        push(fixture, 1);
        run_until(fixture, &traces->sent, i);
    }
    assert_int_equal(traces->failed[SELF_FAILURE_REJECTED], 0);
}

static void an_endless_answer_is_cut_off(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    size_t n = 5 << 20;
    char *answer = malloc(n + 1);
    memset(answer, 'x', n);
    answer[n] = 0;
    int head = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
    answer[head] = 'x';
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    start(fixture, (const char *const[]){""}, 1);
    // The script's send would block on 5 MiB: answer from here once the request is in.
    fixture->endpoint.script = (const char *const[]){NULL};
    push(fixture, 1);
    while (!fixture->endpoint.requests)
        assert_int_equal(loop_run_once(fixture->loop, 50 * NS_PER_MS), 0);
    for (size_t sent = 0; sent < n && !traces->failed[SELF_FAILURE_REJECTED];) {
        struct endpoint_connection *connection = &fixture->endpoint.connection[0];
        ssize_t more = connection->fd < 0 ? -1 : send(connection->fd, answer + sent, n - sent, MSG_NOSIGNAL);
        sent += more > 0 ? (size_t)more : 0;
        assert_int_equal(loop_run_once(fixture->loop, NS_PER_MS), 0);
    }
    assert_int_equal(traces->failed[SELF_FAILURE_REJECTED], 1);
    assert_int_equal(traces->retries, 0);
    free(answer);
}

static void a_dead_endpoint_costs_a_bounded_queue(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url =
        "http://127.0.0.1:1/v1/traces"; // nobody listens
    start(fixture, (const char *const[]){OK_EMPTY}, 1);
    push(fixture, 4);
    run_until(fixture, &traces->retries, 1);
    push(fixture, 20); // 8 wait, 12 have no room
    assert_dropped(fixture, 12, 0);
    assert_int_equal(traces->failed[SELF_FAILURE_QUEUE_FULL], 12);
    uint64_t before = clock_monotonic_ns();
    otlp_flush(fixture->otlp, 5 * NS_PER_SEC);
    assert_true(clock_monotonic_ns() - before < NS_PER_SEC); // it is not waited for
    assert_int_equal(traces->failed[SELF_FAILURE_GAVE_UP], 12);
    assert_dropped(fixture, 12, 12);
}

static void a_silent_endpoint_cannot_hold_the_end(void **state)
{
    struct fixture *fixture = *state;
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_METRICS].url = fixture->metrics_url;
    start(fixture, (const char *const[]){NULL}, 1);
    push(fixture, 1);
    uint64_t before = clock_monotonic_ns();
    otlp_flush(fixture->otlp, 300 * NS_PER_MS);
    uint64_t took = clock_monotonic_ns() - before;
    assert_true(took >= 290 * NS_PER_MS && took < NS_PER_SEC);
    assert_int_equal(fixture->self.exports[0][SELF_SIGNAL_TRACES].failed[SELF_FAILURE_GAVE_UP], 1);
    assert_dropped(fixture, 0, 1);
}

static void retries_end_after_a_while(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *traces = &fixture->self.exports[0][SELF_SIGNAL_TRACES];
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    fixture->settings.give_up_ns[SELF_SIGNAL_TRACES] = 2 * NS_PER_SEC;
    start(fixture, (const char *const[]){STATUS("503")}, 1);
    push(fixture, 2);
    run_until(fixture, &traces->failed[SELF_FAILURE_GAVE_UP], 2);
    assert_true(traces->retries <= 3);
    assert_dropped(fixture, 0, 2);
}

static struct span *span_of_table(struct fixture *fixture, struct span *span)
{
    const struct process_facts facts = {.pid = 10, .start_ns = 1, .exe = STR("/usr/bin/shopd"), .comm = STR("shopd")};
    assert_int_equal(process_table_update(fixture->processes, &facts), 0);
    span->process = process_table_find(fixture->processes, 10);
    return span;
}

static void metrics_come_every_interval_and_at_the_end(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *metrics = &fixture->self.exports[0][SELF_SIGNAL_METRICS];
    struct span span = sample_server_span();
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_METRICS].url = fixture->metrics_url;
    fixture->settings.metric_interval_ns = 100 * NS_PER_MS;
    start(fixture, (const char *const[]){OK_EMPTY}, 1);
    while (!metrics->sent)
        assert_int_equal(loop_run_once(fixture->loop, 50 * NS_PER_MS), 0);
    uint64_t own = metrics->sent; // a round without services: ourselves only
    assert_true(own > 20);
    assert_int_equal(fixture->endpoint.requests, 1);
    red_record(fixture->red, span_of_table(fixture, &span));
    run_until(fixture, &metrics->sent, 2 * own);
    run_until(fixture, &metrics->sent, 2 * own + 4);
    assert_true(strncmp(fixture->endpoint.head, "POST /v1/metrics HTTP/1.1\r\n", 27) == 0);
    run_until(fixture, &metrics->sent, 3 * own + 4);
    run_until(fixture, &metrics->sent, 3 * own + 8);
    otlp_flush(fixture->otlp, NS_PER_SEC);
    assert_int_equal(metrics->sent, 4 * own + 12);
}

static void bodies_are_gzipped_on_request(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t plain[1 << 16];
    z_stream stream = {0};
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = fixture->traces_url;
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_METRICS].gzip =
        fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].gzip = true;
    start(fixture, (const char *const[]){OK_EMPTY}, 1);
    push(fixture, 4);
    run_until(fixture, &fixture->self.exports[0][SELF_SIGNAL_TRACES].sent, 4);
    assert_non_null(strstr(fixture->endpoint.head, "\r\nContent-Encoding: gzip\r\n"));
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = (Bytef *)fixture->endpoint.body;
    stream.avail_in = (uInt)fixture->endpoint.body_n;
    stream.next_out = plain;
    stream.avail_out = sizeof(plain);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request =
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(NULL, stream.total_out, plain);
    assert_non_null(request);
    assert_int_equal(request->resource_spans[0]->scope_spans[0]->n_spans, 4);
    opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(request, NULL);
    inflateEnd(&stream);
}

static void credentials_are_used_and_not_shown(void **state)
{
    struct fixture *fixture = *state;
    char url[128];
    snprintf(url, sizeof(url), "http://me:secret@127.0.0.1:%u/v1/traces?token=secret", fixture->endpoint.port);
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_TRACES].url = url;
    start(fixture, (const char *const[]){OK_EMPTY}, 1);
    push(fixture, 1);
    run_until(fixture, &fixture->self.exports[0][SELF_SIGNAL_TRACES].sent, 1);
    assert_string_equal(fixture->self.exports[0][SELF_SIGNAL_TRACES].destination, fixture->traces_url);
    assert_non_null(strstr(fixture->endpoint.head, "Authorization: Basic bWU6c2VjcmV0\r\n"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(spans_go_out_over_one_connection),
        CASE(a_full_batch_does_not_wait),
        CASE(a_server_that_is_busy_is_asked_again),
        CASE(a_date_to_come_back_is_kept),
        CASE(a_connection_that_breaks_is_retried),
        CASE(a_refusal_is_final),
        CASE(what_was_rejected_in_part_is_counted),
        CASE(odd_but_good_answers_are_accepted),
        CASE(an_endless_answer_is_cut_off),
        CASE(a_dead_endpoint_costs_a_bounded_queue),
        CASE(a_silent_endpoint_cannot_hold_the_end),
        CASE(retries_end_after_a_while),
        CASE(metrics_come_every_interval_and_at_the_end),
        CASE(bodies_are_gzipped_on_request),
        CASE(credentials_are_used_and_not_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
