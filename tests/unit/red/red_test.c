// Series: what belongs to one, the cap and its overflow series, and foreign text in keys.
#include <stdio.h>
#include "unit/red/red_sample.h"

static struct service cart = {.name = "cart", .index = 1};
static struct process cart_process = {.pid = 2, .service = &cart};

static void a_series_holds_the_spans_values(void **state)
{
    struct red *red = red_made(10, 0);
    struct span span = server_span();
    span.route = STR("/items/{id}");
    span.status = 500;
    span.error_type = "500";
    red_record(red, &span);
    red_record(red, &span);
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    assert_non_null(series);
    assert_null(series->next);
    assert_ptr_equal(series->service, &shop);
    assert_int_equal(series->kind, SPAN_KIND_SERVER);
    assert_int_equal(series->method, HTTP_METHOD_GET);
    assert_int_equal(series->status, 500);
    assert_int_equal(series->server_port, 8080); // where it was reached, not what the client wrote
    assert_string_equal(series->server_address, "");
    assert_string_equal(series->route, "/items/{id}");
    assert_string_equal(series->scheme, "http");
    assert_string_equal(series->version, "1.1");
    assert_string_equal(series->error_type, "500");
    assert_false(series->overflow);
    assert_int_equal(series->start_unix_ns, 1000 * NS_PER_SEC);
    assert_int_equal(series->last_monotonic_ns, 10 * NS_PER_SEC + 20 * NS_PER_MS);
    assert_int_equal(series->histogram[RED_DURATION].count, 2);
    assert_int_equal(series->histogram[RED_DURATION].sum, 40 * NS_PER_MS);
    assert_int_equal(series->histogram[RED_DURATION].bucket[2], 2);
    assert_int_equal(series->histogram[RED_QUEUE].count, 2);
    assert_int_equal(series->histogram[RED_QUEUE].sum, 12 * NS_PER_MS);
    assert_int_equal(series->histogram[RED_REQUEST_SIZE].count, 2);
    assert_int_equal(series->histogram[RED_REQUEST_SIZE].bucket[0], 2);
    assert_int_equal(series->histogram[RED_RESPONSE_SIZE].sum, 200);
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 1);
    red_free(red);
}

static void what_is_unknown_is_not_counted(void **state)
{
    struct red *red = red_made(10, 0);
    struct span span = server_span();
    span.queue_ns = SPAN_TIME_UNKNOWN;
    span.request_body = SPAN_SIZE_UNKNOWN;
    red_record(red, &span);
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    assert_int_equal(series->histogram[RED_DURATION].count, 1);
    assert_int_equal(series->histogram[RED_QUEUE].count, 0);
    assert_int_equal(series->histogram[RED_REQUEST_SIZE].count, 0);
    assert_int_equal(series->histogram[RED_RESPONSE_SIZE].count, 1);
    // A client has no queue, even if a span carries a time.
    span = client_span();
    span.queue_ns = 1;
    red_record(red, &span);
    assert_int_equal(red_first(red, SPAN_KIND_CLIENT)->histogram[RED_QUEUE].count, 0);
    assert_null(red_instruments[SPAN_KIND_CLIENT][RED_QUEUE].name);
    red_free(red);
}

// Each change below makes another series (or none), against the plain span that was recorded first.
struct key_case {
    const char *name;
    enum span_kind kind;
    void (*change)(struct span *span);
    unsigned series; // afterwards, of that kind
};

static void change_nothing(struct span *span)
{
}
static void change_service(struct span *span)
{
    span->process = &cart_process;
}
static void change_method(struct span *span)
{
    span->method = HTTP_METHOD_POST;
}
static void change_status(struct span *span)
{
    span->status = 404;
}
static void change_local_port(struct span *span)
{
    span->server.port = 8081;
}
static void change_asked_port(struct span *span)
{
    span->server_port = 8081;
}
static void change_host(struct span *span)
{
    span->server_address = STR("other.example");
}
static void change_credentials(struct span *span)
{
    span->server_address = STR("user:secret@shop.example");
}
static void change_route(struct span *span)
{
    span->route = STR("/a");
}
static void change_scheme(struct span *span)
{
    span->scheme = "https";
}
static void change_scheme_pointer(struct span *span)
{
    static char copy[] = "http";
    span->scheme = copy;
}
static void change_version(struct span *span)
{
    span->version = HTTP_VERSION_UNKNOWN;
}
static void change_error(struct span *span)
{
    span->error_type = "connection_closed";
}
static void change_others(struct span *span)
{
    span->path = STR("/other");
    span->query = STR("x=1");
    span->user_agent = STR("curl");
    span->duration_ns = 1;
    span->client = (struct span_address){.text = "::1", .n = 3, .port = 5, .ipv6 = true};
}

static void keys(void **state)
{
    static const struct key_case cases[] = {
        {"same", SPAN_KIND_SERVER, change_nothing, 1},
        {"service", SPAN_KIND_SERVER, change_service, 2},
        {"method", SPAN_KIND_SERVER, change_method, 2},
        {"status", SPAN_KIND_SERVER, change_status, 2},
        {"local port", SPAN_KIND_SERVER, change_local_port, 2},
        {"asked port, server", SPAN_KIND_SERVER, change_asked_port, 1},
        {"host, server", SPAN_KIND_SERVER, change_host, 1},
        {"route", SPAN_KIND_SERVER, change_route, 2},
        {"scheme", SPAN_KIND_SERVER, change_scheme, 2},
        {"scheme by value", SPAN_KIND_SERVER, change_scheme_pointer, 1},
        {"version", SPAN_KIND_SERVER, change_version, 2},
        {"error", SPAN_KIND_SERVER, change_error, 2},
        {"not in the key", SPAN_KIND_SERVER, change_others, 1},
        {"asked port, client", SPAN_KIND_CLIENT, change_asked_port, 2},
        {"peer port, client", SPAN_KIND_CLIENT, change_local_port, 1},
        {"host, client", SPAN_KIND_CLIENT, change_host, 2},
        {"credentials, client", SPAN_KIND_CLIENT, change_credentials, 1},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct red *red = red_made(10, 0);
        struct span span = cases[i].kind == SPAN_KIND_SERVER ? server_span() : client_span();
        red_record(red, &span);
        cases[i].change(&span);
        red_record(red, &span);
        if (list_length(red, cases[i].kind) != cases[i].series)
            fail_msg("%s: %u series", cases[i].name, list_length(red, cases[i].kind));
        red_free(red);
    }
}

static void foreign_text_is_cut_and_cleaned(void **state)
{
    char host[200];
    memset(host, 'h', sizeof(host));
    static const char euro[] = "\xe2\x82\xac";
    memcpy(host + 62, euro, 3); // does not fit whole into 63 bytes
    struct red *red = red_made(10, 0);
    struct span span = client_span();
    span.server_address = (struct str){host, sizeof(host)};
    red_record(red, &span);
    host[150] = 'x'; // beyond the cut: the same series
    red_record(red, &span);
    span.server_address = STR("evil\n\xff.example");
    red_record(red, &span);
    span.server_address = STR("evil\r\xfe.example"); // looks the same once cleaned
    red_record(red, &span);
    const struct red_series *series = red_first(red, SPAN_KIND_CLIENT);
    assert_int_equal(strlen(series->server_address), 62);
    assert_int_equal(series->histogram[RED_DURATION].count, 2);
    assert_string_equal(series->next->server_address, "evil\xef\xbf\xbd\xef\xbf\xbd.example");
    assert_int_equal(series->next->histogram[RED_DURATION].count, 2);
    assert_null(series->next->next);
    red_free(red);
}

static void beyond_the_cap_one_series_per_kind_and_service(void **state)
{
    struct red *red = red_made(3, 0);
    struct span span = server_span();
    for (uint16_t status = 200; status < 210; status++) {
        span.status = status;
        red_record(red, &span);
    }
    span.process = &cart_process;
    red_record(red, &span);
    span = client_span(); // has its own cap
    red_record(red, &span);
    assert_int_equal(red_overflowed(red, SPAN_KIND_SERVER), 8);
    assert_int_equal(red_overflowed(red, SPAN_KIND_CLIENT), 0);
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 5);
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    for (uint16_t status = 200; status < 203; status++, series = series->next)
        assert_int_equal(series->status, status);
    assert_true(series->overflow);
    assert_ptr_equal(series->service, &shop);
    assert_int_equal(series->status, 0);
    assert_int_equal(series->histogram[RED_DURATION].count, 7);
    assert_ptr_equal(series->next->service, &cart);
    assert_int_equal(series->next->histogram[RED_DURATION].count, 1);
    span = server_span(); // one that exists still counts in its own
    red_record(red, &span);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->histogram[RED_DURATION].count, 2);
    assert_int_equal(red_overflowed(red, SPAN_KIND_SERVER), 8);
    red_free(red);
}

static void many_services_beyond_the_cap(void **state)
{
    enum { SERVICES = 600 };
    static struct service services[SERVICES];
    struct red *red = red_made(0, 0);
    for (unsigned i = 0; i < SERVICES; i++) {
        struct process process = {.service = &services[i]};
        struct span span = server_span();
        span.process = &process;
        red_record(red, &span);
    }
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 512);
    assert_int_equal(red_overflowed(red, SPAN_KIND_SERVER), SERVICES);
    red_free(red);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_holds_the_spans_values),
        cmocka_unit_test(what_is_unknown_is_not_counted),
        cmocka_unit_test(keys),
        cmocka_unit_test(foreign_text_is_cut_and_cleaned),
        cmocka_unit_test(beyond_the_cap_one_series_per_kind_and_service),
        cmocka_unit_test(many_services_beyond_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
