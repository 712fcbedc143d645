// An endpoint that does wrong what it can: a table of what it does, and exactly what we then send again, count as sent
// and count as lost. Many cases run at once, each with a loop, an exporter and a port of its own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collector/core/clock.h"
#include "collector/export/otlp.h"
#include "tests/unit/export/otlp_faulty.h"
#include "tests/unit/export/otlp_sample.h"

#define SPANS       3
#define TIMEOUT_NS  (2 * NS_PER_SEC)
#define DEADLINE_NS (60 * NS_PER_SEC)
#define AT_ONCE     24 // more, and a busy machine takes longer than an attempt may
#define NEVER_NS    (3600 * NS_PER_SEC)
#define TRYING      99                 // retries: still at it, as long as nothing changes
#define GIVING_UP   98                 // retries: until the time is over, which is then after GIVE_UP_NS
#define GIVE_UP_NS  (1900 * NS_PER_MS) // longer than the first wait, shorter than a busy server asks for

struct expectation {
    const char *script; // see tests/peers/otlp-faulty/server.py
    unsigned requests, retries, sent, rejected;
    unsigned delay_ms; // not sent before
    enum { NO_FILES, OWN_CA, OTHER_CA, CLIENT, NO_SUCH_FILE } tls;
};

static const struct expectation cases[] = {
    {"http ok", 1, 0, 3, 0, 0, NO_FILES},
    {"http 202", 1, 0, 3, 0, 0, NO_FILES},
    {"http 204", 1, 0, 3, 0, 0, NO_FILES},
    {"http html", 1, 0, 3, 0, 0, NO_FILES},
    {"http partial", 1, 0, 2, 1, 0, NO_FILES},
    {"http slow", 1, 0, 3, 0, 190, NO_FILES},
    {"http huge", 1, 0, 0, 3, 0, NO_FILES},
    {"http noise", 1, 0, 0, 3, 0, NO_FILES},
    {"http 301 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 307 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 400 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 401 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 403 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 404 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 408 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 413 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 415 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 500 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 501 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 203 ok", 1, 0, 3, 0, 0, NO_FILES},
    {"http 299 ok", 1, 0, 3, 0, 0, NO_FILES},
    {"http 302 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 308 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 402 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 405 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 406 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 409 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 410 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 411 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 422 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 425 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 431 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 451 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 505 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 507 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 511 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http text ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http status ok", 1, 0, 0, 3, 0, NO_FILES},
    {"http 429 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"http 502 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"http 503 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"http 504 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"http 503 400", 2, 1, 0, 3, 500, NO_FILES},
    {"http busy ok", 2, 1, 3, 0, 2000, NO_FILES},
    {"http close ok", 2, 1, 3, 0, 500, NO_FILES},
    {"http rst ok", 2, 1, 3, 0, 500, NO_FILES},
    {"http cut ok", 2, 1, 3, 0, 500, NO_FILES},
    {"http late ok", 2, 1, 3, 0, 2500, NO_FILES},
    {"http busy", 1, GIVING_UP, 0, 0, 0, NO_FILES}, // it asks for more time than there is

    {"grpc ok", 1, 0, 3, 0, 0, NO_FILES},
    {"grpc g0", 1, 0, 3, 0, 0, NO_FILES},
    {"grpc partial", 1, 0, 2, 1, 0, NO_FILES},
    {"grpc slow", 1, 0, 3, 0, 190, NO_FILES},
    {"grpc gzip", 1, 0, 3, 0, 0, NO_FILES}, // accepted; what more it says cannot be read
    {"grpc huge", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc none ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc g2 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc g3 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc g5 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc g6 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc g7 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc g9 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc g17 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc t8 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc t13 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc t4 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc g8 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc g12 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc g13 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc g16 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc t16 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc 404 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc 500 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc 401 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc 400 ok", 1, 0, 0, 3, 0, NO_FILES},
    {"grpc 429 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc 502 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc 504 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc info", 1, GIVING_UP, 0, 0, 0, NO_FILES},
    {"grpc g1 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc g4 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc g10 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc g11 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc g14 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc g15 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc t14 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc 503 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc info ok", 2, 1, 3, 0, 2000, NO_FILES},
    {"grpc goaway ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc stream2 ok", 2, 1, 3, 0, 500, NO_FILES}, // as good as a disconnect: no status came
    {"grpc stream7 ok", 2, 0, 3, 0, 0, NO_FILES},   // refused, so that libcurl itself sends it again
    {"grpc stream8 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc close ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc rst ok", 2, 1, 3, 0, 500, NO_FILES},
    {"grpc late ok", 2, 1, 3, 0, 2500, NO_FILES},

    {"http+unix ok", 1, 0, 3, 0, 0, NO_FILES},
    {"grpc+unix 503 ok", 2, 1, 3, 0, 500, NO_FILES},
    {"http+good ok", 1, 0, 3, 0, 0, OWN_CA},
    {"grpc+good ok", 1, 0, 3, 0, 0, OWN_CA},
    {"grpc+good g14 ok", 2, 1, 3, 0, 500, OWN_CA},
    {"http+mutual ok", 1, 0, 3, 0, 0, CLIENT},
    {"grpc+mutual ok", 1, 0, 3, 0, 0, CLIENT},
    {"http+mutual ok", 0, TRYING, 0, 0, 0, OWN_CA}, // no certificate of our own
    {"http+good ok", 0, TRYING, 0, 0, 0, NO_FILES}, // the system does not know its authority
    {"http+good ok", 0, TRYING, 0, 0, 0, OTHER_CA},
    {"http+good ok", 0, TRYING, 0, 0, 0, NO_SUCH_FILE},
    {"http+expired ok", 0, TRYING, 0, 0, 0, OWN_CA},
    {"grpc+expired ok", 0, TRYING, 0, 0, 0, OWN_CA},
    {"http+foreign ok", 0, TRYING, 0, 0, 0, OWN_CA},
    {"http+elsewhere ok", 0, TRYING, 0, 0, 0, OWN_CA},
    {"grpc+elsewhere ok", 0, TRYING, 0, 0, 0, OWN_CA},
    // A certificate may be about to be renewed: tried again like a connection that fails, until the time is over.
    {"http+expired ok", 0, GIVING_UP, 0, 0, 0, OWN_CA},
    {"grpc+expired ok", 0, GIVING_UP, 0, 0, 0, OWN_CA},
    {"http+foreign ok", 0, GIVING_UP, 0, 0, 0, OWN_CA},
    {"http+elsewhere ok", 0, GIVING_UP, 0, 0, 0, OWN_CA},
    {"http+mutual ok", 0, GIVING_UP, 0, 0, 0, OWN_CA},
    {"http+good ok", 0, GIVING_UP, 0, 0, 0, NO_SUCH_FILE},
};
#define CASES array_size(cases)

struct run {
    struct loop *loop;
    struct otlp *otlp;
    struct self self;
    char url[128], unix_path[96], ca[96], certificate[96], key[96];
    uint64_t start_ns, done_ns; // 0: not yet
};

static struct otlp_endpoint endpoint_of(struct run *run, const struct expectation *expected,
                                        const struct faulty *faulty, unsigned nth)
{
    bool grpc = strncmp(expected->script, "grpc", 4) == 0, local = strncmp(expected->script + 4, "+unix", 5) == 0,
         tls = !local && expected->script[4] == '+';
    static const char *const ca_names[] = {
        [NO_FILES] = "", [OWN_CA] = "ca.pem", [OTHER_CA] = "other.pem", [CLIENT] = "ca.pem", [NO_SUCH_FILE] = "none"};
    snprintf(run->url, sizeof(run->url), "http%s://127.0.0.1:%u/%s", tls ? "s" : "", faulty->port[nth],
             grpc ? "opentelemetry.proto.collector.trace.v1.TraceService/Export" : "v1/traces");
    snprintf(run->ca, sizeof(run->ca), "%s/%s", faulty->folder, ca_names[expected->tls]);
    snprintf(run->certificate, sizeof(run->certificate), "%s/client.pem", faulty->folder);
    snprintf(run->key, sizeof(run->key), "%s/client.key", faulty->folder);
    snprintf(run->unix_path, sizeof(run->unix_path), "%s/%u", faulty->folder, nth);
    return (struct otlp_endpoint){
        .url = run->url,
        .unix_path = local ? run->unix_path : NULL,
        .protocol = grpc ? OTLP_PROTOCOL_GRPC : OTLP_PROTOCOL_HTTP,
        .timeout_ns = TIMEOUT_NS,
        .tls_file = {[OTLP_TLS_CA] = expected->tls == NO_FILES ? NULL : run->ca,
                     [OTLP_TLS_CERTIFICATE] = expected->tls == CLIENT ? run->certificate : NULL,
                     [OTLP_TLS_KEY] = expected->tls == CLIENT ? run->key : NULL},
    };
}

static void run_start(struct run *run, const struct expectation *expected, const struct faulty *faulty, unsigned nth)
{
    const struct otlp_settings settings = {
        .destination = {{{[SELF_SIGNAL_TRACES] = endpoint_of(run, expected, faulty, nth)}}},
        .destinations = 1,
        .metric_interval_ns = NEVER_NS,
        .batch_delay_ns = NEVER_NS,
        .batch_max = SPANS,
        .queue_max = 8,
        .give_up_ns = {NEVER_NS, expected->retries == GIVING_UP ? GIVE_UP_NS : NEVER_NS},
    };
    struct span span = sample_client_span();
    run->start_ns = clock_monotonic_ns();
    assert_int_equal(loop_new(&run->loop), 0);
    assert_int_equal(otlp_new(&run->otlp, run->loop, &settings, &(const struct otlp_sources){.self = &run->self}), 0);
    for (unsigned i = 0; i < SPANS; i++)
        otlp_span(run->otlp, &span);
}

// True once the case has come to its end.
static bool run_turn(struct run *run, const struct expectation *expected)
{
    const struct self_export *traces = &run->self.exports[0][SELF_SIGNAL_TRACES];
    bool done = traces->sent + traces->failed[SELF_FAILURE_REJECTED] == SPANS;
    assert_int_equal(loop_run_once(run->loop, 0), 0);
    if (expected->retries == TRYING)
        done = traces->retries >= 1;
    if (expected->retries == GIVING_UP)
        done = traces->failed[SELF_FAILURE_GAVE_UP] == SPANS;
    if (done && !run->done_ns)
        run->done_ns = clock_monotonic_ns();
    return done;
}

static bool run_check(const struct run *run, const struct expectation *expected, unsigned requests)
{
    const struct self_export *traces = &run->self.exports[0][SELF_SIGNAL_TRACES];
    bool good = requests == expected->requests && traces->sent == expected->sent &&
                traces->failed[SELF_FAILURE_REJECTED] == expected->rejected &&
                traces->failed[SELF_FAILURE_QUEUE_FULL] == 0 &&
                run->self.spans_dropped[SELF_SPANS_DROPPED_EXPORT_FAILED] == SPANS - expected->sent &&
                run->done_ns - run->start_ns >= expected->delay_ms * NS_PER_MS;
    if (expected->retries == GIVING_UP)
        good = good && traces->failed[SELF_FAILURE_GAVE_UP] == SPANS && run->done_ns &&
               run->done_ns - run->start_ns < GIVE_UP_NS + 3 * NS_PER_SEC && (traces->retries == 0) == (requests > 0);
    else if (expected->retries == TRYING)
        good = good && traces->retries >= 1 && traces->failed[SELF_FAILURE_GAVE_UP] == SPANS;
    else
        good = good && traces->retries == expected->retries && traces->failed[SELF_FAILURE_GAVE_UP] == 0;
    if (!good)
        print_error("%s: requests %u, retries %llu, sent %llu, rejected %llu, gave up %llu, after %llu ms\n",
                    expected->script, requests, (unsigned long long)traces->retries, (unsigned long long)traces->sent,
                    (unsigned long long)traces->failed[SELF_FAILURE_REJECTED],
                    (unsigned long long)traces->failed[SELF_FAILURE_GAVE_UP],
                    (unsigned long long)((run->done_ns - run->start_ns) / NS_PER_MS));
    return good;
}

static void every_fault_has_its_outcome(void **state)
{
    static struct run runs[CASES];
    static struct faulty faulty;
    const char *scripts[CASES];
    unsigned started = 0, done = 0, good = 0;
    for (unsigned i = 0; i < CASES; i++)
        scripts[i] = cases[i].script;
    faulty_start(&faulty, scripts, CASES);
    for (uint64_t deadline = clock_monotonic_ns() + DEADLINE_NS; done < CASES && clock_monotonic_ns() < deadline;) {
        while (started < CASES && started < done + AT_ONCE) {
            run_start(&runs[started], &cases[started], &faulty, started);
            started++;
        }
        done = 0;
        for (unsigned i = 0; i < started; i++)
            done += run_turn(&runs[i], &cases[i]);
        usleep(1000);
    }
    assert_int_equal(started, CASES);
    for (unsigned i = 0; i < CASES; i++)
        otlp_flush(runs[i].otlp, 2 * NS_PER_SEC);
    faulty_stop(&faulty);
    for (unsigned i = 0; i < CASES; i++) {
        good += run_check(&runs[i], &cases[i], faulty.requests[i]);
        otlp_free(runs[i].otlp);
        loop_free(runs[i].loop);
    }
    assert_int_equal(good, CASES);
}

static void file_replace(const struct faulty *faulty, const char *from, const char *to)
{
    char source[96], target[96], copy[112], command[512];
    snprintf(source, sizeof(source), "%s/%s", faulty->folder, from);
    snprintf(target, sizeof(target), "%s/%s", faulty->folder, to);
    snprintf(copy, sizeof(copy), "%s.new", target);
    snprintf(command, sizeof(command), "cp %s %s && mv %s %s", source, copy, copy, target);
    assert_int_equal(system(command), 0);
}

static void run_until(struct run *run, const uint64_t *value, uint64_t wanted)
{
    uint64_t deadline = clock_monotonic_ns() + 10 * NS_PER_SEC;
    while (*value < wanted && clock_monotonic_ns() < deadline)
        assert_int_equal(loop_run_once(run->loop, 50 * NS_PER_MS), 0);
    assert_in_range(*value, wanted, wanted + SPANS);
}

// A certificate that the server refuses is replaced by a good one, and that by the bad one again: each holds from the
// next request on, with no connection left that was made by the other.
static void files_that_change_take_effect(void **state)
{
    static const struct expectation expected = {"http+mutual ok", 0, 0, 0, 0, 0, CLIENT};
    struct run run = {.done_ns = 0};
    struct faulty faulty;
    struct span span = sample_client_span();
    const struct self_export *traces = &run.self.exports[0][SELF_SIGNAL_TRACES];
    faulty_start(&faulty, &(const char *const){expected.script}, 1);
    file_replace(&faulty, "client.pem", "good-client.pem");
    file_replace(&faulty, "client.key", "good-client.key");
    file_replace(&faulty, "foreign.pem", "client.pem");
    file_replace(&faulty, "foreign.key", "client.key");
    run_start(&run, &expected, &faulty, 0);
    run_until(&run, &traces->retries, 1);
    file_replace(&faulty, "good-client.pem", "client.pem");
    file_replace(&faulty, "good-client.key", "client.key");
    run_until(&run, &traces->sent, SPANS);
    uint64_t retries = traces->retries;
    file_replace(&faulty, "foreign.pem", "client.pem");
    file_replace(&faulty, "foreign.key", "client.key");
    for (unsigned i = 0; i < SPANS; i++)
        otlp_span(run.otlp, &span);
    run_until(&run, &traces->retries, retries + 1);
    assert_int_equal(traces->sent, SPANS);
    otlp_flush(run.otlp, NS_PER_SEC);
    faulty_stop(&faulty);
    assert_int_equal(faulty.requests[0], 1);
    otlp_free(run.otlp);
    loop_free(run.loop);
}

// libcurl's own variables; here for a host that does not exist.
static void a_proxy_is_used(void **state)
{
    static const struct expectation expected = {"http ok", 0, 0, 0, 0, 0, NO_FILES};
    struct run run = {.done_ns = 0};
    struct faulty faulty;
    char proxy[64];
    faulty_start(&faulty, &(const char *const){expected.script}, 1);
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", faulty.port[0]);
    setenv("http_proxy", proxy, 1);
    setenv("no_proxy", "", 1);
    struct otlp_settings settings = {
        .destination = {{{[SELF_SIGNAL_TRACES] = {.url = "http://no-such-host.invalid/v1/traces",
                                                  .timeout_ns = TIMEOUT_NS}}}},
        .destinations = 1,
        .metric_interval_ns = NEVER_NS,
        .batch_delay_ns = NEVER_NS,
        .batch_max = 1,
        .queue_max = 8,
        .give_up_ns = {NEVER_NS, NEVER_NS},
    };
    struct span span = sample_client_span();
    assert_int_equal(loop_new(&run.loop), 0);
    assert_int_equal(otlp_new(&run.otlp, run.loop, &settings, &(const struct otlp_sources){.self = &run.self}), 0);
    otlp_span(run.otlp, &span);
    run_until(&run, &run.self.exports[0][SELF_SIGNAL_TRACES].sent, 1);
    unsetenv("http_proxy");
    unsetenv("no_proxy");
    faulty_stop(&faulty);
    assert_int_equal(faulty.requests[0], 1);
    otlp_free(run.otlp);
    loop_free(run.loop);
}

// Through a tunnel, as TLS and gRPC want it of a proxy.
static void a_proxy_makes_tunnels(void **state)
{
    static const struct {
        struct expectation expected;
        const char *variable;
    } rows[] = {{{"http+good ok", 1, 0, SPANS, 0, 0, OWN_CA}, "https_proxy"},
                {{"grpc+good ok", 1, 0, SPANS, 0, 0, OWN_CA}, "https_proxy"},
                {{"grpc ok", 1, 0, SPANS, 0, 0, NO_FILES}, "http_proxy"}};
    for (unsigned i = 0; i < array_size(rows); i++) {
        struct run run = {.done_ns = 0};
        struct faulty faulty;
        char proxy[64];
        faulty_start(&faulty, (const char *const[]){rows[i].expected.script, "connect ok"}, 2);
        snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", faulty.port[1]);
        setenv(rows[i].variable, proxy, 1);
        setenv("no_proxy", "", 1);
        run_start(&run, &rows[i].expected, &faulty, 0);
        run_until(&run, &run.self.exports[0][SELF_SIGNAL_TRACES].sent, SPANS);
        unsetenv(rows[i].variable);
        unsetenv("no_proxy");
        otlp_free(run.otlp);
        loop_free(run.loop);
        faulty_stop(&faulty);
        assert_int_equal(faulty.requests[0], 1);
        assert_int_equal(faulty.requests[1], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_its_outcome),
        cmocka_unit_test(files_that_change_take_effect),
        cmocka_unit_test(a_proxy_is_used),
        cmocka_unit_test(a_proxy_makes_tunnels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
