// Attributes that are left out: series merge where they are built, each metric for itself, and no sample is twice on a
// page, under today's names and early Beyla's.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "collector/core/clock.h"
#include "collector/export/prometheus.h"
#include "collector/red/red.h"

static struct service shop = {.name = "shop"};
static struct process process = {.pid = 1, .service = &shop};
static struct attribute_selection selection;
static struct red *red;

static void rule(const char *target, const char *attribute, bool exclude)
{
    static struct complaint complaint;
    const struct attribute_rule row = {target, attribute, exclude};
    assert_int_equal(attribute_selection_add(&selection, &row, "test", &complaint), 0);
}

static void begin(unsigned max_series)
{
    selection.count = 0;
    assert_int_equal(red_new(&red, max_series, 0), 0);
}

static void record(enum span_kind kind, const char *route, uint16_t status, unsigned times)
{
    struct span span = {
        .kind = kind,
        .process = &process,
        .start_unix_ns = 1000 * NS_PER_SEC,
        .start_monotonic_ns = NS_PER_SEC,
        .duration_ns = 20 * NS_PER_MS,
        .queue_ns = kind == SPAN_KIND_SERVER ? NS_PER_MS : SPAN_TIME_UNKNOWN,
        .method = HTTP_METHOD_GET,
        .scheme = "http",
        .version = HTTP_VERSION_11,
        .status = status,
        .path = STR("/items/7"),
        .route = str_from(route),
        .client = {.text = "10.0.0.9", .n = 8, .port = 51234},
        .server = {.text = "127.0.0.1", .n = 9, .port = 8080},
        .server_address = STR("shop.example"),
        .server_port = 80,
        .request_body = 3,
        .response_body = 100,
    };
    while (times--)
        red_record(red, &span);
}

static const char *page(void)
{
    static struct buffer buffer;
    static struct self self;
    static struct process_table *processes;
    if (!processes)
        assert_int_equal(process_table_new(&processes, NULL, "host", 4), 0);
    const struct exposition exposition = {.red = red, .self = &self, .processes = processes, .host_name = "host"};
    buffer_release(&buffer);
    buffer_init(&buffer, 1 << 20);
    prometheus_format(&buffer, &exposition, PROMETHEUS_TEXT);
    buffer_add_char(&buffer, 0);
    assert_false(buffer.failed);
    return buffer.p;
}

// A line of the page, but for the labels of the service.
static void assert_sample(const char *name, const char *labels, unsigned value)
{
    char line[512];
    snprintf(line, sizeof line, "\n%s{service_name=\"shop\"%s%s} %u\n", name, labels[0] ? "," : "", labels, value);
    if (!strstr(page(), line))
        print_message("not there: %s", line);
    assert_non_null(strstr(page(), line));
}

static unsigned count_of(const char *text)
{
    unsigned n = 0;
    for (const char *at = page(); (at = strstr(at, text)); at++)
        n++;
    return n;
}

static void what_is_left_out_merges(void **state)
{
    begin(100);
    rule("http.server.request.duration", "http.route", true);
    assert_int_equal(red_select(red, &selection, METRIC_NAMES_OTEL), 0);
    record(SPAN_KIND_SERVER, "/a", 200, 3);
    record(SPAN_KIND_SERVER, "/b", 200, 4);
    record(SPAN_KIND_SERVER, "/b", 500, 1);
#define REST "url_scheme=\"http\",server_port=\"8080\",network_protocol_version=\"1.1\""
    assert_sample("http_server_request_duration_seconds_count",
                  "http_request_method=\"GET\",http_response_status_code=\"200\"," REST, 7);
    assert_sample("http_server_request_duration_seconds_count",
                  "http_request_method=\"GET\",http_response_status_code=\"500\"," REST, 1);
    assert_int_equal(count_of("\nhttp_server_request_duration_seconds_count{"), 2);
    // The others are as they were.
    assert_sample("http_server_request_body_size_bytes_count",
                  "http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/a\"," REST, 3);
    assert_sample("redstart_http_server_queue_duration_seconds_count",
                  "http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/b\"," REST, 4);
    assert_int_equal(count_of("\nhttp_server_response_body_size_bytes_count{"), 3);
    red_free(red);
}

static void everything_left_out(void **state)
{
    begin(100);
    rule("*", "*", true);
    assert_int_equal(red_select(red, &selection, METRIC_NAMES_OTEL), 0);
    record(SPAN_KIND_SERVER, "/a", 200, 3);
    record(SPAN_KIND_SERVER, "/b", 404, 2);
    record(SPAN_KIND_CLIENT, "/c", 200, 4);
    assert_sample("http_server_request_duration_seconds_count", "", 5);
    assert_sample("http_client_request_duration_seconds_count", "", 4);
    assert_null(red_first(red, SPAN_KIND_SERVER)->next);
    assert_null(red_first(red, SPAN_KIND_CLIENT)->next);
    red_free(red);
}

static void what_is_not_there_by_default(void **state)
{
    begin(100);
    rule("http_server_*", "url_path", false);
    rule("http_server_*", "client.address", false);
    rule("http_server_*", "server.address", false);
    assert_int_equal(red_select(red, &selection, METRIC_NAMES_OTEL), 0);
    record(SPAN_KIND_SERVER, "/a", 200, 2);
    record(SPAN_KIND_SERVER, "/b", 500, 1);
    assert_sample("http_server_request_duration_seconds_count",
                  "url_path=\"/items/7\",client_address=\"10.0.0.9\",server_address=\"shop.example\"", 3);
    red_free(red);
}

// The cap is each metric's, whatever the others have; a request counts once in what was dropped.
static void the_cap_is_each_metrics(void **state)
{
    char route[16];
    begin(5);
    rule("http.server.request.body.size", "http.route", true);
    assert_int_equal(red_select(red, &selection, METRIC_NAMES_OTEL), 0);
    for (unsigned i = 0; i < 8; i++) {
        snprintf(route, sizeof route, "/r%u", i);
        record(SPAN_KIND_SERVER, route, 200, 1);
    }
    assert_sample("http_server_request_body_size_bytes_count",
                  "http_request_method=\"GET\",http_response_status_code=\"200\"," REST, 8);
    assert_int_equal(count_of("\nhttp_server_request_duration_seconds_count{"), 6);
    assert_sample("http_server_request_duration_seconds_count", "otel_metric_overflow=\"true\"", 3);
    assert_int_equal(red_overflowed(red, SPAN_KIND_SERVER), 3);
    red_free(red);
}

static void early_names(void **state)
{
    begin(100);
    assert_int_equal(red_select(red, &selection, METRIC_NAMES_BEYLA1), 0);
    record(SPAN_KIND_SERVER, "/a", 200, 3);
    record(SPAN_KIND_CLIENT, "", 500, 2);
    static const char server[] = "http_method=\"GET\",http_status_code=\"200\",http_route=\"/a\",http_scheme=\"http\","
                                 "net_host_port=\"8080\",net_protocol_version=\"1.1\"";
    assert_sample("http_server_duration_seconds_count", server, 3);
    assert_sample("http_server_request_size_bytes_sum", server, 9);
    assert_sample("http_server_response_size_bytes_count", server, 3);
    assert_sample("redstart_http_server_queue_duration_seconds_count", server, 3);
    assert_sample(
        "http_client_duration_seconds_count",
        "http_method=\"GET\",http_status_code=\"500\",http_scheme=\"http\",net_sock_peer_name=\"shop.example\","
        "net_sock_peer_port=\"80\",net_protocol_version=\"1.1\"",
        2);
    assert_int_equal(count_of("http_server_request_duration"), 0);
    assert_int_equal(count_of("redstart_series_dropped_total{metric=\"http_server_duration_seconds\"} 0\n"), 1);
    red_free(red);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_merges),
        cmocka_unit_test(everything_left_out),
        cmocka_unit_test(what_is_not_there_by_default),
        cmocka_unit_test(the_cap_is_each_metrics),
        cmocka_unit_test(early_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
