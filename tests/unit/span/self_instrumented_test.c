// Which calls show that a service sends telemetry of its own, and what is then muted, counted one by one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include "collector/span/self_instrumented.h"

static const struct self_instrumented_options keep = {SELF_INSTRUMENTED_KEEP, SELF_INSTRUMENTED_KEEP};
static const struct self_instrumented_options mute = {SELF_INSTRUMENTED_MUTE, SELF_INSTRUMENTED_MUTE};

static struct span call(const struct process *process, const char *path)
{
    return (struct span){.kind = SPAN_KIND_CLIENT,
                         .process = process,
                         .method = HTTP_METHOD_POST,
                         .status = 200,
                         .path = str_from(path)};
}

static void test_what_shows_it(void **state)
{
    static const struct {
        enum span_kind kind;
        enum http_method method;
        uint16_t status;
        const char *path;
        uint32_t services;
        bool metrics, traces;
    } rows[] = {
        {SPAN_KIND_CLIENT, HTTP_METHOD_POST, 200, "/v1/traces", 1, false, true},
        {SPAN_KIND_CLIENT, HTTP_METHOD_POST, 202, "/otlp/v1/metrics", 1, true, false},
        {SPAN_KIND_CLIENT, HTTP_METHOD_POST, 204, "/v1/logs", 1, false, false},
        {SPAN_KIND_CLIENT, HTTP_METHOD_POST, 404, "/v1/traces", 0, false, false},
        {SPAN_KIND_CLIENT, HTTP_METHOD_POST, 0, "/v1/traces", 0, false, false},
        {SPAN_KIND_CLIENT, HTTP_METHOD_GET, 200, "/v1/traces", 0, false, false},
        {SPAN_KIND_SERVER, HTTP_METHOD_POST, 200, "/v1/traces", 0, false, false},
        {SPAN_KIND_CLIENT, HTTP_METHOD_POST, 200, "/v1/traces/7", 0, false, false},
        {SPAN_KIND_CLIENT, HTTP_METHOD_POST, 200, "/v1/trace", 0, false, false},
        {SPAN_KIND_CLIENT, HTTP_METHOD_POST, 200, "", 0, false, false},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        struct service service = {.name = "shop"};
        struct process process = {.pid = 7, .service = &service};
        struct self self = {0};
        struct span span = call(&process, rows[i].path);
        span.kind = rows[i].kind;
        span.method = rows[i].method;
        span.status = rows[i].status;
        struct self_instrumented_verdict verdict = self_instrumented_judge(&span, &mute, &self);
        if (verdict.mute_metrics != rows[i].metrics || verdict.mute_traces != rows[i].traces ||
            self.self_instrumented_services != rows[i].services)
            fail_msg("row %u", i);
    }
}

static void test_counted_exactly(void **state)
{
    struct service shop = {.name = "shop"}, other = {.name = "other"};
    struct process a = {.pid = 7, .service = &shop}, b = {.pid = 8, .service = &shop},
                   c = {.pid = 9, .service = &other};
    struct self self = {0};
    struct span push = call(&a, "/v1/traces"), request = {.kind = SPAN_KIND_SERVER, .status = 200},
                again = call(&b, "/v1/traces");
    request.process = &a;
    for (unsigned i = 0; i < 5; i++) // before it is known
        assert_false(self_instrumented_judge(&request, &mute, &self).mute_traces);
    assert_true(self_instrumented_judge(&push, &mute, &self).mute_traces);
    for (unsigned i = 0; i < 5; i++)
        assert_true(self_instrumented_judge(&request, &mute, &self).mute_traces);
    request.process = &b; // the same instance
    assert_true(self_instrumented_judge(&request, &mute, &self).mute_traces);
    request.process = &c;
    assert_false(self_instrumented_judge(&request, &mute, &self).mute_traces);
    assert_true(self_instrumented_judge(&again, &mute, &self).mute_traces);
    assert_int_equal(self.self_instrumented_services, 1);
    assert_int_equal(self.muted[SELF_SIGNAL_TRACES], 8);
    assert_int_equal(self.muted[SELF_SIGNAL_METRICS], 0);
    request.process = &a;
    assert_false(self_instrumented_judge(&request, &keep, &self).mute_traces);
    assert_int_equal(self.muted[SELF_SIGNAL_TRACES], 8);
    push = call(&a, "/v1/metrics");
    assert_true(self_instrumented_judge(&push, &mute, &self).mute_metrics);
    assert_int_equal(self.self_instrumented_services, 1);
    assert_int_equal(self.muted[SELF_SIGNAL_METRICS], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_shows_it), cmocka_unit_test(test_counted_exactly)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
