// Series: what belongs to one, the cap and its overflow series, expiry, and foreign text in keys.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include "collector/core/clock.h"
#include "collector/red/red.h"

static struct service shop = {.name = "shop"}, cart = {.name = "cart", .index = 1};
static struct process shop_process = {.pid = 1, .service = &shop}, cart_process = {.pid = 2, .service = &cart};

static struct span server_span(void)
{
    return (struct span){
        .kind = SPAN_KIND_SERVER,
        .process = &shop_process,
        .start_unix_ns = 1000 * NS_PER_SEC,
        .start_monotonic_ns = 10 * NS_PER_SEC,
        .duration_ns = 20 * NS_PER_MS,
        .queue_ns = 6 * NS_PER_MS,
        .processing_ns = 14 * NS_PER_MS,
        .method = HTTP_METHOD_GET,
        .scheme = "http",
        .version = HTTP_VERSION_11,
        .status = 200,
        .server = {.text = "127.0.0.1", .n = 9, .port = 8080},
        .server_address = STR("shop.example"),
        .server_port = 80,
        .request_body = 0,
        .response_body = 100,
    };
}

static struct span client_span(void)
{
    struct span span = server_span();
    span.kind = SPAN_KIND_CLIENT;
    span.queue_ns = span.processing_ns = SPAN_TIME_UNKNOWN;
    return span;
}

static struct red *red_made(unsigned max_series, uint64_t ttl_ns)
{
    struct red *red = NULL;
    assert_int_equal(red_new(&red, max_series, ttl_ns), 0);
    return red;
}

static unsigned list_length(const struct red *red, enum span_kind kind)
{
    unsigned n = 0;
    for (const struct red_series *series = red_first(red, kind); series; series = series->next)
        n++;
    return n;
}

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
    assert_int_equal(red_series_count(red), 1);
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
        assert_int_equal(red_series_count(red), cases[i].series);
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
    assert_int_equal(red_series_count(red), 512);
    assert_int_equal(red_overflowed(red, SPAN_KIND_SERVER), SERVICES);
    red_free(red);
}

static void record_status(struct red *red, uint16_t status, uint64_t at_ns)
{
    struct span span = server_span();
    span.status = status;
    span.start_monotonic_ns = at_ns;
    span.duration_ns = 0;
    red_record(red, &span);
}

// Many series, of which a changing part expires: the rest must stay findable, in order, and countable.
static void expiry(void **state)
{
    struct red *red = red_made(400, 10 * NS_PER_SEC);
    for (uint16_t status = 1; status <= 400; status++)
        record_status(red, status, (status % 3) * NS_PER_SEC);
    red_expire(red, 11 * NS_PER_SEC); // those of second 0 are older than 10 s, those of second 1 are exactly that
    assert_int_equal(red_series_count(red), 400 - 133);
    for (uint16_t status = 1; status <= 400; status++)
        if (status % 3)
            record_status(red, status, (status % 3) * NS_PER_SEC);
    assert_int_equal(red_series_count(red), 400 - 133);
    uint16_t last = 0;
    for (const struct red_series *series = red_first(red, SPAN_KIND_SERVER); series; series = series->next) {
        assert_true(series->status > last && series->status % 3);
        assert_int_equal(series->histogram[RED_DURATION].count, 2);
        last = series->status;
    }
    assert_int_equal(last, 400);
    record_status(red, 3, 20 * NS_PER_SEC); // comes back, at the end of the list, from zero
    assert_int_equal(red_series_count(red), 400 - 132);
    red_expire(red, 25 * NS_PER_SEC);
    assert_int_equal(red_series_count(red), 1);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->status, 3);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->histogram[RED_DURATION].count, 1);
    red_expire(red, 5); // a clock before the last measurement expires nothing
    assert_int_equal(red_series_count(red), 1);
    red_expire(red, 100 * NS_PER_SEC);
    assert_int_equal(red_series_count(red), 0);
    record_status(red, 7, 0); // the list is whole after it was empty
    record_status(red, 8, 0);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->next->status, 8);
    red_free(red);
}

// A request that took longer than the TTL began before its series was forgotten; the series does not.
static void what_comes_back_begins_anew(void **state)
{
    struct red *red = red_made(10, 5 * NS_PER_SEC);
    struct span span = server_span();
    clock_offset_set((int64_t)(990 * NS_PER_SEC)); // monotonic 10 s is 1000 s of the spans
    red_record(red, &span);
    red_expire(red, 16 * NS_PER_SEC);
    assert_null(red_first(red, SPAN_KIND_SERVER));
    span.duration_ns = 9 * NS_PER_SEC; // until 19 s
    red_record(red, &span);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->start_unix_ns, 1006 * NS_PER_SEC);
    span.status = 404; // after that: its own start
    span.start_unix_ns = 1007 * NS_PER_SEC;
    red_record(red, &span);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->next->start_unix_ns, 1007 * NS_PER_SEC);
    red_free(red);
}

static void a_ttl_of_zero_keeps_everything(void **state)
{
    struct red *red = red_made(4, 0);
    record_status(red, 200, 0);
    red_expire(red, UINT64_MAX);
    assert_int_equal(red_series_count(red), 1);
    red_free(red);
    red_free(NULL);
}

static void expiry_makes_room_under_the_cap(void **state)
{
    struct red *red = red_made(1, NS_PER_SEC);
    record_status(red, 200, 0);
    record_status(red, 201, 0);
    assert_int_equal(red_overflowed(red, SPAN_KIND_SERVER), 1);
    red_expire(red, 2 * NS_PER_SEC);
    assert_int_equal(red_series_count(red), 0);
    record_status(red, 201, 3 * NS_PER_SEC);
    assert_int_equal(red_overflowed(red, SPAN_KIND_SERVER), 1);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->status, 201);
    red_free(red);
}

static void min_and_max_are_kept(void **state)
{
    static const uint64_t values[] = {20 * NS_PER_MS, 5 * NS_PER_MS, 900 * NS_PER_MS};
    struct red *red = red_made(10, 0);
    struct span span = server_span();
    for (size_t i = 0; i < array_size(values); i++) {
        span.duration_ns = values[i];
        red_record(red, &span);
    }
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    assert_int_equal(series->histogram[RED_DURATION].min, 5 * NS_PER_MS);
    assert_int_equal(series->histogram[RED_DURATION].max, 900 * NS_PER_MS);
    assert_int_equal(series->histogram[RED_REQUEST_SIZE].min, 0);
    assert_int_equal(series->histogram[RED_REQUEST_SIZE].max, 0);
    assert_null(series->exponential[RED_DURATION]); // not asked for
    assert_null(series->exemplar[RED_DURATION]);
    red_free(red);
}

static struct exponential unpacked(const struct packed *packed)
{
    struct exponential exponential;
    assert_non_null(packed);
    packed_load(packed, &exponential);
    return exponential;
}

static void an_exponential_twin_counts_the_same(void **state)
{
    struct red *red = red_made(10, 0);
    struct span span = server_span();
    red_keep(red, RED_EXTRA_EXPONENTIAL);
    red_record(red, &span);
    span.queue_ns = SPAN_TIME_UNKNOWN;
    red_record(red, &span);
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    struct exponential loaded = unpacked(series->exponential[RED_DURATION]), *duration = &loaded;
    assert_int_equal(duration->used, 1);
    assert_int_equal(duration->offset, exponential_index(0.020, 20));
    assert_int_equal(duration->bucket[0], 2);
    assert_int_equal(unpacked(series->exponential[RED_REQUEST_SIZE]).zero_count, 2);
    assert_int_equal(unpacked(series->exponential[RED_QUEUE]).bucket[0], 1);
    assert_null(series->exemplar[RED_DURATION]);
    red_free(red);
}

static void an_exemplar_is_the_last_sampled_request(void **state)
{
    struct red *red = red_made(10, 0);
    struct span span = server_span();
    red_keep(red, RED_EXTRA_EXEMPLARS);
    span.trace_id[0] = 1;
    span.span_id[0] = 1;
    span.sampled = true;
    red_record(red, &span);
    span.span_id[0] = 2;
    span.duration_ns = 21 * NS_PER_MS;
    red_record(red, &span);
    span.span_id[0] = 3;
    span.sampled = false;
    red_record(red, &span);
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    const struct red_exemplar *exemplar = series->exemplar[RED_DURATION];
    for (unsigned i = 0; i <= histogram_bounds_duration.count; i++)
        assert_int_equal(exemplar[i].unix_ns, i == 2 ? 1000 * NS_PER_SEC + 21 * NS_PER_MS : 0);
    assert_int_equal(exemplar[2].value, 21 * NS_PER_MS);
    assert_int_equal(exemplar[2].trace_id[0], 1);
    assert_int_equal(exemplar[2].span_id[0], 2);
    assert_null(series->exemplar[RED_RESPONSE_SIZE]); // of durations only
    assert_null(series->exponential[RED_DURATION]);
    red_free(red);
}

static void a_window_holds_what_came_since(void **state)
{
    struct red *red = red_made(10, 0);
    struct span span = server_span();
    red_keep(red, RED_EXTRA_WINDOW | RED_EXTRA_EXPONENTIAL);
    red_record(red, &span);
    red_record(red, &span);
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    assert_int_equal(series->window->start_unix_ns, series->start_unix_ns);
    assert_int_equal(series->window->histogram[RED_DURATION].count, 2);
    assert_int_equal(unpacked(series->window->exponential[RED_DURATION]).bucket[0], 2);
    red_window_reset(series->window, 2000 * NS_PER_SEC);
    assert_int_equal(series->window->start_unix_ns, 2000 * NS_PER_SEC);
    assert_int_equal(series->window->histogram[RED_DURATION].count, 0);
    span.duration_ns = 90 * NS_PER_MS;
    red_record(red, &span);
    assert_int_equal(series->window->histogram[RED_DURATION].count, 1);
    assert_int_equal(series->window->histogram[RED_DURATION].min, 90 * NS_PER_MS);
    assert_int_equal(unpacked(series->window->exponential[RED_DURATION]).scale, EXPONENTIAL_SCALE_MAX);
    assert_int_equal(series->histogram[RED_DURATION].count, 3);
    red_free(red);
}

static void forgotten_series_are_remembered_until_told(void **state)
{
    struct red *red = red_made(10, NS_PER_SEC);
    struct span span = server_span();
    red_keep(red, RED_EXTRA_GONE);
    for (uint16_t status = 200; status < 203; status++) {
        span.status = status;
        red_record(red, &span);
    }
    assert_null(red_gone(red));
    red_expire(red, 100 * NS_PER_SEC);
    assert_int_equal(red_series_count(red), 0);
    const struct red_series *gone = red_gone(red);
    assert_int_equal(gone->status, 200);
    assert_int_equal(gone->next->status, 201);
    red_gone_release(red, gone->next);
    gone = red_gone(red);
    assert_int_equal(gone->status, 202);
    assert_null(gone->next);
    span.status = 203;
    span.start_monotonic_ns = 100 * NS_PER_SEC;
    red_record(red, &span);
    red_expire(red, 200 * NS_PER_SEC); // goes behind the one that waits
    assert_int_equal(red_gone(red)->next->status, 203);
    red_gone_release(red, red_gone(red)->next);
    assert_null(red_gone(red));
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
        cmocka_unit_test(expiry),
        cmocka_unit_test(what_comes_back_begins_anew),
        cmocka_unit_test(a_ttl_of_zero_keeps_everything),
        cmocka_unit_test(expiry_makes_room_under_the_cap),
        cmocka_unit_test(min_and_max_are_kept),
        cmocka_unit_test(a_window_holds_what_came_since),
        cmocka_unit_test(forgotten_series_are_remembered_until_told),
        cmocka_unit_test(an_exponential_twin_counts_the_same),
        cmocka_unit_test(an_exemplar_is_the_last_sampled_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
