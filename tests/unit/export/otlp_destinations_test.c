// Several destinations at once: each gets all, whatever the others do, and what one loses is counted for that one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <zlib.h>
#include "collector/core/clock.h"
#include "collector/export/otlp.h"
#include "tests/unit/export/otlp_endpoint.h"
#include "tests/unit/export/otlp_sample.h"

#define OK_EMPTY     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define STATUS(code) "HTTP/1.1 " code " X\r\nContent-Length: 0\r\n\r\n"
#define NEVER_NS     (3600 * NS_PER_SEC)
#define SCRIPT(...)  ((const char *const[]){__VA_ARGS__}), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

struct fixture {
    struct loop *loop;
    struct endpoint endpoint[2];
    char url[2][SELF_SIGNAL_MAX][64];
    struct red *red;
    struct process_table *processes;
    struct self self;
    struct otlp_settings settings;
    struct otlp *otlp;
};

static int setup(void **state)
{
    static const char *const paths[SELF_SIGNAL_MAX] = {
        [SELF_SIGNAL_METRICS] = "metrics", [SELF_SIGNAL_TRACES] = "traces"};
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    *state = fixture;
    if (loop_new(&fixture->loop) || red_new(&fixture->red, 5000, 0) ||
        process_table_new(&fixture->processes, NULL, "host", 64))
        return -1;
    fixture->settings = (struct otlp_settings){
        .destinations = 2,
        .metric_interval_ns = NEVER_NS,
        .batch_delay_ns = 10 * NS_PER_MS,
        .batch_max = 4,
        .queue_max = 8,
        .give_up_ns = {300 * NS_PER_SEC, 300 * NS_PER_SEC},
    };
    for (unsigned i = 0; i < 2; i++) {
        endpoint_open(&fixture->endpoint[i], fixture->loop);
        for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++) {
            snprintf(fixture->url[i][signal], sizeof(fixture->url[i][signal]), "http://127.0.0.1:%u/v1/%s",
                     fixture->endpoint[i].port, paths[signal]);
            fixture->settings.destination[i].endpoint[signal].timeout_ns = 5 * NS_PER_SEC;
        }
    }
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    otlp_free(fixture->otlp);
    endpoint_release(&fixture->endpoint[0]);
    endpoint_release(&fixture->endpoint[1]);
    red_free(fixture->red);
    process_table_free(fixture->processes);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void answer(struct fixture *fixture, unsigned nth, const char *const *script, size_t n)
{
    fixture->endpoint[nth].script = script;
    fixture->endpoint[nth].script_n = (unsigned)n;
}

static void use(struct fixture *fixture, unsigned nth, enum self_signal signal)
{
    fixture->settings.destination[nth].endpoint[signal].url = fixture->url[nth][signal];
}

static void start(struct fixture *fixture)
{
    assert_int_equal(otlp_new(&fixture->otlp, fixture->loop, &fixture->settings,
                              &(const struct otlp_sources){
                                  .red = fixture->red, .processes = fixture->processes, .self = &fixture->self}),
                     0);
}

static const struct self_export *counters(const struct fixture *fixture, unsigned nth, enum self_signal signal)
{
    return &fixture->self.exports[nth][signal];
}

static void run_until(struct fixture *fixture, const uint64_t *value, uint64_t wanted)
{
    uint64_t deadline = clock_monotonic_ns() + 10 * NS_PER_SEC;
    while (*value < wanted && clock_monotonic_ns() < deadline)
        assert_int_equal(loop_run_once(fixture->loop, 50 * NS_PER_MS), 0);
    assert_in_range(*value, wanted, wanted);
}

static void run_for(struct fixture *fixture, uint64_t ns)
{
    for (uint64_t end = clock_monotonic_ns() + ns; clock_monotonic_ns() < end;)
        assert_int_equal(loop_run_once(fixture->loop, 10 * NS_PER_MS), 0);
}

static void push(struct fixture *fixture, unsigned n)
{
    struct span span = sample_client_span(); // one span of a request each
    for (unsigned i = 0; i < n; i++)
        otlp_span(fixture->otlp, &span);
}

static void each_gets_the_same(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *first = counters(fixture, 0, SELF_SIGNAL_TRACES),
                             *second = counters(fixture, 1, SELF_SIGNAL_TRACES);
    use(fixture, 0, SELF_SIGNAL_TRACES);
    use(fixture, 1, SELF_SIGNAL_TRACES);
    answer(fixture, 0, SCRIPT(OK_EMPTY));
    answer(fixture, 1, SCRIPT(OK_EMPTY));
    start(fixture);
    push(fixture, 4);
    run_until(fixture, &first->sent, 4);
    run_until(fixture, &second->sent, 4);
    assert_string_equal(second->destination, fixture->url[1][SELF_SIGNAL_TRACES]);
    assert_int_equal(fixture->endpoint[0].body_n, fixture->endpoint[1].body_n);
    assert_memory_equal(fixture->endpoint[0].body, fixture->endpoint[1].body, fixture->endpoint[0].body_n);
    assert_int_equal(fixture->endpoint[0].requests + fixture->endpoint[1].requests, 2);
    assert_null(counters(fixture, 0, SELF_SIGNAL_METRICS)->destination);
}

static void one_is_compressed_the_other_not(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t plain[1 << 16];
    z_stream stream = {.next_out = plain, .avail_out = sizeof(plain)};
    use(fixture, 0, SELF_SIGNAL_TRACES);
    use(fixture, 1, SELF_SIGNAL_TRACES);
    fixture->settings.destination[1].endpoint[SELF_SIGNAL_TRACES].gzip = true;
    answer(fixture, 0, SCRIPT(OK_EMPTY));
    answer(fixture, 1, SCRIPT(OK_EMPTY));
    start(fixture);
    push(fixture, 4);
    run_until(fixture, &counters(fixture, 0, SELF_SIGNAL_TRACES)->sent, 4);
    run_until(fixture, &counters(fixture, 1, SELF_SIGNAL_TRACES)->sent, 4);
    assert_null(strstr(fixture->endpoint[0].head, "gzip"));
    assert_non_null(strstr(fixture->endpoint[1].head, "\r\nContent-Encoding: gzip\r\n"));
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = (Bytef *)fixture->endpoint[1].body;
    stream.avail_in = (uInt)fixture->endpoint[1].body_n;
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    assert_int_equal(stream.total_out, fixture->endpoint[0].body_n);
    assert_memory_equal(plain, fixture->endpoint[0].body, stream.total_out);
}

// One is busy for two seconds: the other has all of it at once; then the first gets what was kept, and only what had no
// room is lost, for it alone.
static void none_waits_for_another(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *slow = counters(fixture, 0, SELF_SIGNAL_TRACES),
                             *fast = counters(fixture, 1, SELF_SIGNAL_TRACES);
    use(fixture, 0, SELF_SIGNAL_TRACES);
    use(fixture, 1, SELF_SIGNAL_TRACES);
    answer(fixture, 0, SCRIPT("HTTP/1.1 503 X\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n", OK_EMPTY));
    answer(fixture, 1, SCRIPT(OK_EMPTY));
    start(fixture);
    uint64_t before = clock_monotonic_ns();
    for (unsigned i = 1; i <= 5; i++) {
        push(fixture, 4);
        run_until(fixture, &fast->sent, 4 * i);
    }
    assert_true(clock_monotonic_ns() - before < NS_PER_SEC);
    assert_int_equal(slow->sent, 0);
    assert_int_equal(slow->retries, 1);
    assert_int_equal(slow->queued, 8);
    assert_true(slow->queued_bytes > 8 * 100 && slow->queued_bytes < slow->capacity_bytes);
    assert_int_equal(slow->failed[SELF_FAILURE_QUEUE_FULL], 8);
    assert_int_equal(fast->failed[SELF_FAILURE_QUEUE_FULL], 0);
    assert_int_equal(fast->queued, 0);
    assert_int_equal(fixture->self.spans_dropped[SELF_SPANS_DROPPED_QUEUE_FULL], 8);
    run_until(fixture, &slow->sent, 12);
    assert_true(clock_monotonic_ns() - before >= 2 * NS_PER_SEC);
    assert_int_equal(slow->queued + slow->queued_bytes, 0);
    assert_int_equal(slow->failed[SELF_FAILURE_QUEUE_FULL], 8);
    assert_true(slow->last_success_unix_ns > fast->last_success_unix_ns);
}

static void a_span_that_both_refuse_is_dropped_once(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *first = counters(fixture, 0, SELF_SIGNAL_TRACES),
                             *second = counters(fixture, 1, SELF_SIGNAL_TRACES);
    use(fixture, 0, SELF_SIGNAL_TRACES);
    use(fixture, 1, SELF_SIGNAL_TRACES);
    answer(fixture, 0, SCRIPT(STATUS("400"), OK_EMPTY));
    answer(fixture, 1, SCRIPT(STATUS("400"), STATUS("400")));
    start(fixture);
    push(fixture, 4);
    run_until(fixture, &first->failed[SELF_FAILURE_REJECTED], 4);
    run_until(fixture, &second->failed[SELF_FAILURE_REJECTED], 4);
    assert_int_equal(fixture->self.spans_dropped[SELF_SPANS_DROPPED_EXPORT_FAILED], 4);
    push(fixture, 4);
    run_until(fixture, &first->sent, 4);
    run_until(fixture, &second->failed[SELF_FAILURE_REJECTED], 8);
    assert_int_equal(fixture->self.spans_dropped[SELF_SPANS_DROPPED_EXPORT_FAILED], 8);
}

static void signals_go_where_they_are_wanted(void **state)
{
    struct fixture *fixture = *state;
    use(fixture, 0, SELF_SIGNAL_METRICS);
    use(fixture, 1, SELF_SIGNAL_TRACES);
    answer(fixture, 0, SCRIPT(OK_EMPTY));
    answer(fixture, 1, SCRIPT(OK_EMPTY));
    start(fixture);
    push(fixture, 4);
    otlp_flush(fixture->otlp, 2 * NS_PER_SEC);
    assert_true(counters(fixture, 0, SELF_SIGNAL_METRICS)->sent > 30);
    assert_int_equal(counters(fixture, 1, SELF_SIGNAL_TRACES)->sent, 4);
    assert_int_equal(fixture->endpoint[0].requests, 1);
    assert_int_equal(fixture->endpoint[1].requests, 1);
    assert_true(strncmp(fixture->endpoint[0].head, "POST /v1/metrics ", 17) == 0);
    assert_true(strncmp(fixture->endpoint[1].head, "POST /v1/traces ", 16) == 0);
}

static void one_address_twice_has_two_names(void **state)
{
    struct fixture *fixture = *state;
    use(fixture, 0, SELF_SIGNAL_TRACES);
    fixture->settings.destination[1].endpoint[SELF_SIGNAL_TRACES].url = fixture->url[0][SELF_SIGNAL_TRACES];
    fixture->settings.destination[1].endpoint[SELF_SIGNAL_TRACES].headers[0] = "X-Tenant: b";
    answer(fixture, 0, SCRIPT(OK_EMPTY));
    start(fixture);
    push(fixture, 4);
    run_until(fixture, &counters(fixture, 0, SELF_SIGNAL_TRACES)->sent, 4);
    run_until(fixture, &counters(fixture, 1, SELF_SIGNAL_TRACES)->sent, 4);
    char second[80];
    snprintf(second, sizeof(second), "%s#2", fixture->url[0][SELF_SIGNAL_TRACES]);
    assert_string_equal(counters(fixture, 0, SELF_SIGNAL_TRACES)->destination, fixture->url[0][SELF_SIGNAL_TRACES]);
    assert_string_equal(counters(fixture, 1, SELF_SIGNAL_TRACES)->destination, second);
    assert_int_equal(fixture->endpoint[0].requests, 2);
}

// 3,000 series are two requests. One destination is silent: the other gets round after round, and of what waits for the
// silent one the oldest makes room.
static void a_silent_one_costs_bounded_memory(void **state)
{
    struct fixture *fixture = *state;
    const struct self_export *silent = counters(fixture, 0, SELF_SIGNAL_METRICS),
                             *fast = counters(fixture, 1, SELF_SIGNAL_METRICS);
    const struct process_facts facts = {.pid = 10, .start_ns = 1, .exe = STR("/usr/bin/shopd"), .comm = STR("shopd")};
    assert_int_equal(process_table_update(fixture->processes, &facts), 0);
    for (unsigned i = 0; i < 3000; i++) {
        char route[32];
        struct span span = sample_server_span();
        snprintf(route, sizeof(route), "/route/%u", i);
        span.process = process_table_find(fixture->processes, 10);
        span.route = str_from(route);
        red_record(fixture->red, &span);
    }
    use(fixture, 0, SELF_SIGNAL_METRICS);
    use(fixture, 1, SELF_SIGNAL_METRICS);
    fixture->settings.destination[0].endpoint[SELF_SIGNAL_METRICS].timeout_ns = 60 * NS_PER_SEC;
    fixture->settings.metric_interval_ns = 50 * NS_PER_MS;
    answer(fixture, 0, SCRIPT(NULL));
    answer(fixture, 1, SCRIPT(OK_EMPTY));
    start(fixture);
    uint64_t most = 0;
    for (uint64_t deadline = clock_monotonic_ns() + 10 * NS_PER_SEC;
         fast->sent < 5 * 12000 && clock_monotonic_ns() < deadline;) {
        assert_int_equal(loop_run_once(fixture->loop, 10 * NS_PER_MS), 0);
        most = silent->queued_bytes > most ? silent->queued_bytes : most;
    }
    assert_true(fast->sent >= 5 * 12000);
    assert_int_equal(fast->failed[SELF_FAILURE_QUEUE_FULL], 0);
    assert_int_equal(fast->retries, 0);
    assert_int_equal(silent->sent, 0);
    assert_true(silent->failed[SELF_FAILURE_QUEUE_FULL] > 12000);
    assert_true(most > silent->capacity_bytes / 2 && most <= silent->capacity_bytes + (3 << 20));
    uint64_t before = clock_monotonic_ns();
    otlp_flush(fixture->otlp, 500 * NS_PER_MS);
    assert_true(clock_monotonic_ns() - before < NS_PER_SEC);
    assert_true(silent->failed[SELF_FAILURE_GAVE_UP] > 0);
    assert_int_equal(silent->queued, 0);
}

// The end with one that cannot be reached: it is not waited for, the other gets everything.
static void the_end_is_not_held_up(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++) {
        fixture->settings.destination[0].endpoint[signal].url = "http://127.0.0.1:1/v1/x"; // nobody listens
        use(fixture, 1, signal);
    }
    answer(fixture, 1, SCRIPT(OK_EMPTY));
    start(fixture);
    push(fixture, 6);
    run_for(fixture, 100 * NS_PER_MS);
    uint64_t before = clock_monotonic_ns();
    otlp_flush(fixture->otlp, 5 * NS_PER_SEC);
    assert_true(clock_monotonic_ns() - before < NS_PER_SEC);
    assert_int_equal(counters(fixture, 1, SELF_SIGNAL_TRACES)->sent, 6);
    assert_true(counters(fixture, 1, SELF_SIGNAL_METRICS)->sent > 30);
    assert_int_equal(counters(fixture, 0, SELF_SIGNAL_TRACES)->failed[SELF_FAILURE_GAVE_UP], 6);
    assert_int_equal(counters(fixture, 0, SELF_SIGNAL_METRICS)->failed[SELF_FAILURE_GAVE_UP],
                     counters(fixture, 1, SELF_SIGNAL_METRICS)->sent);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_gets_the_same),
        CASE(one_is_compressed_the_other_not),
        CASE(none_waits_for_another),
        CASE(a_span_that_both_refuse_is_dropped_once),
        CASE(signals_go_where_they_are_wanted),
        CASE(one_address_twice_has_two_names),
        CASE(a_silent_one_costs_bounded_memory),
        CASE(the_end_is_not_held_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
