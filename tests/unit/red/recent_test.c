// Which request is like one before: the same in all that makes a series, and nothing else counts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/red/recent.h"
#include "tests/unit/export/otlp_sample.h"

static struct recent recent;
static struct red_series series = {.route = "/users/{id}"};

static struct span span_of(void)
{
    struct span span = sample_server_span();
    span.route = STR("/users/{id}");
    return span;
}

static void the_same_is_found(void **state)
{
    struct span span = span_of(), other = span_of();
    recent = (struct recent){0};
    assert_null(recent_find(&recent, &span));
    recent_keep(&recent, &span, &series);
    assert_ptr_equal(recent_find(&recent, &span), &series);
    other.path = STR("/users/7");
    other.query = other.user_agent = other.server_address = STR("x");
    other.duration_ns = other.queue_ns = 1;
    other.request_body = other.response_body = 99;
    other.client.port = 1;
    assert_ptr_equal(recent_find(&recent, &other), &series);
}

// What spans of one likeness can differ in: it is not asked for the rest.
static void likenesses_are_told_apart(void **state)
{
    static struct service service;
    static const struct process process = {.service = &service};
    struct span span = span_of(), others[5];
    recent = (struct recent){0};
    span.likeness = 7;
    recent_keep(&recent, &span, &series);
    assert_ptr_equal(recent_find(&recent, &span), &series);
    for (unsigned i = 0; i < array_size(others); i++)
        others[i] = span;
    others[0].process = &process;
    others[1].route = STR("");
    others[2].route = STR("/users/{ix}");
    others[3].likeness = 7 + RECENT_MAX;
    others[4].likeness = 8;
    for (unsigned i = 0; i < array_size(others); i++)
        assert_null(recent_find(&recent, &others[i]));
}

static void another_is_not(void **state)
{
    static struct service service;
    static const struct process process = {.service = &service};
    struct span others[10];
    struct span span = span_of();
    for (unsigned i = 0; i < array_size(others); i++)
        others[i] = span_of();
    others[0].process = &process;
    others[1].status = 404;
    others[2].method = HTTP_METHOD_POST;
    others[3].version = HTTP_VERSION_10;
    others[4].scheme = "https";
    others[5].error_type = "500";
    others[6].server.port = 8081;
    others[7].route = STR("");
    others[8].route = STR("/users/{id}/");
    others[9].route = STR("/users/{id");
    for (unsigned i = 0; i < array_size(others); i++) {
        recent = (struct recent){0};
        recent_keep(&recent, &span, &series);
        assert_null(recent_find(&recent, &others[i]));
    }
}

// A route that did not fit its series whole, or is not as it came.
static void a_changed_route_is_not_found(void **state)
{
    static char text[RED_ROUTE_SIZE + 1];
    static struct red_series cut;
    struct span span = span_of();
    memset(text, 'r', sizeof text);
    memcpy(cut.route, text, RED_ROUTE_SIZE - 1);
    recent = (struct recent){0};
    recent_keep(&recent, &span, &cut);
    for (size_t n = RED_ROUTE_SIZE - 2; n <= sizeof text; n++) {
        span.route = (struct str){text, n};
        assert_ptr_equal(recent_find(&recent, &span), n == RED_ROUTE_SIZE - 1 ? &cut : NULL);
    }
    span.route = (struct str){"\0", 1};
    assert_null(recent_find(&recent, &span));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_is_found),
        cmocka_unit_test(likenesses_are_told_apart),
        cmocka_unit_test(another_is_not),
        cmocka_unit_test(a_changed_route_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
