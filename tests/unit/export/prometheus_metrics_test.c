// The page of metrics, line by line. With an argument, "text" or "openmetrics",
// the program prints a page instead, for `promtool check metrics` and other readers.
#include "collector/core/clock.h"
#include "unit/export/prometheus_bench.h"
#include "unit/export/spans.h"

struct expected_histogram {
    const char *name, *le[16], *sum; // le: NULL-terminated
    unsigned cumulative[16];
};

static void assert_histogram(const struct bench *bench, const char *labels, const struct expected_histogram *expected)
{
    char lines[8192];
    size_t n = 0;
    unsigned i = 0;
    for (; expected->le[i]; i++)
        n += (size_t)snprintf(lines + n, sizeof(lines) - n, "%s_bucket{%s,le=\"%s\"} %u\n", expected->name, labels,
                              expected->le[i], expected->cumulative[i]);
    snprintf(lines + n, sizeof(lines) - n, "%s_sum{%s} %s\n%s_count{%s} %u\n", expected->name, labels, expected->sum,
             expected->name, labels, expected->cumulative[i - 1]);
    assert_lines(bench, "%s%s", lines, "");
}

static void a_server_series(void **state)
{
    static const struct expected_histogram histograms[] = {
        {.name = "http_server_request_duration_seconds",
         .le = {"0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "7.5", "10",
                "+Inf"},
         .cumulative = {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2},
         .sum = "0.210910001"},
        {.name = "http_server_response_body_size_bytes",
         .le = {"0", "32", "64", "128", "256", "512", "1024", "2048", "4096", "8192", "32768", "131072", "524288",
                "1048576", "+Inf"},
         .cumulative = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2},
         .sum = "2000000"},
        {.name = "redstart_http_server_queue_duration_seconds",
         .le = {"0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "7.5", "10",
                "+Inf"},
         .cumulative = {0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2},
         .sum = "0.01526"},
    };
    struct bench bench;
    bench_open(&bench);
    struct span span = spans_server();
    span.process = process_made(&bench, NO_SUCH_PID, "/usr/bin/shop");
    span.request_body = SPAN_SIZE_UNKNOWN;
    span.route = STR("/post");
    red_record(bench.red, &span);
    span.duration_ns = 1;
    span.response_body = 2000000;
    red_record(bench.red, &span);
    bench_format(&bench);
    char labels[1024];
    snprintf(labels, sizeof(labels),
             "service_name=\"shop\",service_instance_id=\"%s\",http_request_method=\"POST\","
             "http_response_status_code=\"200\",http_route=\"/post\",url_scheme=\"http\",server_port=\"8080\","
             "network_protocol_version=\"1.1\"",
             span.process->service->instance_id);
    for (size_t i = 0; i < array_size(histograms); i++)
        assert_histogram(&bench, labels, &histograms[i]);
    assert_lines(&bench,
                 "# HELP http_server_request_duration_seconds Duration of HTTP server requests.\n"
                 "# TYPE http_server_request_duration_seconds histogram\n%s%s",
                 "", "");
    assert_lines(&bench,
                 "# HELP target_info Attributes of the observed services' resources.\n# TYPE target_info gauge\n"
                 "target_info{service_name=\"shop\",service_instance_id=\"%s\",process_executable_name=\"shop\","
                 "host_name=\"myhost\",telemetry_sdk_name=\"redstart\",host_arch=\"amd64\",host_id=\"host-id\","
                 "os_type=\"linux\"} 1\n%s",
                 span.process->service->instance_id, "");
    assert_null(strstr(bench.page.p, "request_body_size")); // never known
    assert_null(strstr(bench.page.p, "http_client_request_duration_seconds_"));
    assert_null(strstr(bench.page.p, "=\"\""));
    bench_close(&bench);
}

// Keys become names of labels, each of which stands once; what the service says wins over what was found out.
static void what_a_service_says(void **state)
{
    struct bench bench;
    bench_open(&bench);
    struct span span = spans_server();
    span.process = process_made(&bench, NO_SUCH_PID, "/usr/bin/shop");
    const struct process_environment said = {
        .pid = NO_SUCH_PID,
        .start_ns = 1,
        .service_name = STR("Shop \"1\""),
        .attributes =
            STR("host.name=web-1,service.instance.id=i,service.namespace=eu,gr%C3%BCn=x,1st=y,a.b=first,a_b=second,"
                "__name__=z,service.name=ignored,process.executable.name=shopd,telemetry.sdk.name=ignored")};
    process_table_environment(bench.processes, &said, 1);
    red_record(bench.red, &span);
    bench_format(&bench);
    assert_lines(&bench,
                 "target_info{service_name=\"Shop \\\"1\\\"\",service_namespace=\"eu\",service_instance_id=\"i\","
                 "telemetry_sdk_name=\"redstart\",_1st=\"y\",a_b=\"first\",gr__n=\"x\",host_arch=\"amd64\","
                 "host_id=\"host-id\",host_name=\"web-1\",os_type=\"linux\",process_executable_name=\"shopd\"} 1\n%s%s",
                 "", "");
    bench_close(&bench);
}

static void a_client_series_and_an_overflow(void **state)
{
    struct bench bench;
    bench_open(&bench);
    red_free(bench.red);
    assert_int_equal(red_new(&bench.red, 1, 0), 0);
    bench.exposition.red = bench.red;
    struct span span = spans_client();
    span.process = process_made(&bench, NO_SUCH_PID, "/usr/bin/shop");
    span.status = 0;
    span.error_type = "timeout";
    span.version = HTTP_VERSION_UNKNOWN;
    span.server_address = STR("a\"b\\c\n\xff.example");
    red_record(bench.red, &span);
    span.status = 200;
    red_record(bench.red, &span);
    red_record(bench.red, &span);
    bench_format(&bench);
    assert_lines(
        &bench,
        "http_client_request_duration_seconds_count{service_name=\"shop\",service_instance_id=\"%s\","
        "http_request_method=\"POST\",url_scheme=\"http\","
        "server_address=\"a\\\"b\\\\c\xef\xbf\xbd\xef\xbf\xbd.example\",server_port=\"8080\",error_type=\"timeout\"} "
        "1\n%s",
        span.process->service->instance_id, "");
    assert_lines(&bench,
                 "http_client_request_duration_seconds_count{service_name=\"shop\",service_instance_id=\"%s\","
                 "otel_metric_overflow=\"true\"} 2\n%s",
                 span.process->service->instance_id, "");
    assert_lines(&bench, "redstart_series_dropped_total{metric=\"http_server_request_duration_seconds\"} 0\n%s%s",
                 "redstart_series_dropped_total{metric=\"http_client_request_duration_seconds\"} 2\n", "");
    bench_close(&bench);
}

static struct bench *bench_full(struct bench *bench)
{
    bench_open(bench);
    for (unsigned i = 0; i < 20; i++) {
        char exe[32];
        snprintf(exe, sizeof(exe), "/usr/bin/svc%u", i % 3);
        struct span span = i % 2 ? spans_client() : spans_server();
        span.process = process_made(bench, NO_SUCH_PID + i % 3, exe);
        span.status = (uint16_t)(200 + i * 13);
        span.server_address = STR("wild\"\\\n\t\x1b\xff");
        red_record(bench->red, &span);
    }
    bench->self.exports[0][SELF_SIGNAL_METRICS].destination = "http://c:4318/v1/metrics";
    bench->self.exports[0][SELF_SIGNAL_TRACES].destination = "http://c:4318/v1/traces";
    return bench;
}

// Every metric has one HELP and one TYPE line, in front of its samples, which stand together; no sample comes twice.
static void every_metric_is_one_group(void **state)
{
    struct bench bench;
    bench_format(bench_full(&bench));
    char family[128] = "", seen[8192] = " ";
    char *save = NULL;
    for (char *line = strtok_r(bench.page.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char name[128], rest[64];
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(line, "# HELP %127s", name), 1);
            snprintf(family, sizeof(family), "%s", name);
            snprintf(rest, sizeof(rest), " %.60s ", name);
            assert_null(strstr(seen, rest));
            strncat(seen, rest + 1, sizeof(seen) - strlen(seen) - 1);
            continue;
        }
        if (line[0] == '#') {
            assert_int_equal(sscanf(line, "# TYPE %127s %63s", name, rest), 2);
            assert_string_equal(name, family);
            continue;
        }
        assert_int_equal(strncmp(line, family, strlen(family)), 0);
        const char *suffix = line + strlen(family);
        assert_true(suffix[0] == '{' || suffix[0] == ' ' || strncmp(suffix, "_bucket{", 8) == 0 ||
                    strncmp(suffix, "_sum{", 5) == 0 || strncmp(suffix, "_count{", 7) == 0);
    }
    bench_close(&bench);
}

static void record_status(struct bench *bench, const struct process *process, uint16_t status, uint64_t at_ns)
{
    struct span span = spans_server();
    span.process = process;
    span.status = status;
    span.start_monotonic_ns = at_ns;
    span.duration_ns = 0;
    red_record(bench->red, &span);
}

static unsigned page_counts(const struct bench *bench, const char *text)
{
    unsigned n = 0;
    for (const char *p = bench->page.p; (p = strstr(p, text)); p++)
        n++;
    return n;
}

// Between two pieces of a page series expire, the last shown one among them, and others come.
static void series_come_and_go_between_pieces(void **state)
{
    struct bench bench;
    bench_open(&bench);
    red_free(bench.red);
    assert_int_equal(red_new(&bench.red, 1000, NS_PER_SEC), 0);
    bench.exposition.red = bench.red;
    const struct process *process = process_made(&bench, NO_SUCH_PID, "/usr/bin/shop");
    for (uint16_t status = 100; status < 150; status++)
        record_status(&bench, process, status, status < 125 ? 0 : 10 * NS_PER_SEC);
    struct prometheus_cursor cursor = {0};
    struct prometheus_writer writer;
    struct buffer piece;
    buffer_init(&piece, 1 << 20);
    prometheus_writer_init(&writer, PROMETHEUS_TEXT, &piece);
    assert_true(prometheus_format_next(&writer, &bench.exposition, &cursor));
    buffer_add(&bench.page, piece.p, piece.n);
    assert_true(bench.page.n >= PROMETHEUS_PIECE_BYTES && bench.page.n < PROMETHEUS_PIECE_BYTES + 8192);
    assert_true(cursor.series_id > 1 && cursor.series_id < 25);
    unsigned shown = (unsigned)cursor.series_id; // of those that now expire
    red_expire(bench.red, 2 * NS_PER_SEC);
    record_status(&bench, process, 150, 10 * NS_PER_SEC);
    buffer_reset(&piece);
    while (prometheus_format_next(&writer, &bench.exposition, &cursor)) {
        buffer_add(&bench.page, piece.p, piece.n);
        buffer_reset(&piece);
    }
    assert_false(bench.page.failed);
    buffer_add_char(&bench.page, 0);
    assert_int_equal(page_counts(&bench, "\nhttp_server_request_duration_seconds_count{"), shown + 26);
    assert_int_equal(page_counts(&bench, "# TYPE http_server_request_duration_seconds "), 1);
    assert_int_equal(page_counts(&bench, "\nhttp_server_response_body_size_bytes_count{"), 26);
    assert_int_equal(page_counts(&bench, "\ntarget_info{"), 1);
    assert_int_equal(page_counts(&bench, "\nredstart_connections "), 1);
    assert_false(prometheus_format_next(&writer, &bench.exposition, &cursor));
    prometheus_writer_release(&writer);
    buffer_release(&piece);
    bench_close(&bench);
}

static void a_page_that_does_not_fit_fails(void **state)
{
    struct bench bench;
    bench_full(&bench);
    buffer_release(&bench.page);
    buffer_init(&bench.page, 4096);
    prometheus_format(&bench.page, &bench.exposition, PROMETHEUS_TEXT);
    assert_true(bench.page.failed);
    bench_close(&bench);
}

// OpenMetrics: names and types, canonical bounds, exemplars of both ends, the last line; to the letter.
static void openmetrics(void **state)
{
    static const char *const lines[] = {
        "# TYPE http_server_request_duration_seconds histogram\n"
        "# UNIT http_server_request_duration_seconds seconds\n"
        "# HELP http_server_request_duration_seconds Duration of HTTP server requests.\n",
        "# TYPE http_server_request_body_size_bytes histogram\n# UNIT http_server_request_body_size_bytes bytes\n",
        "# TYPE target info\n# HELP target Attributes of the observed services' resources.\ntarget_info{",
        "# TYPE redstart_build info\n# HELP redstart_build Version and commit of this redstart.\nredstart_build_info{",
        "# TYPE redstart_records counter\n# HELP redstart_records Records that the kernel side produced.\n"
        "redstart_records_total{kind=\"http1\"} 0\n",
        "redstart_connections 0\n# EOF\n",
    };
    static const char *const bounds[][15] = {
        {"0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1.0", "2.5", "5.0", "7.5", "10.0",
         "+Inf"},
        {"0.0", "32.0", "64.0", "128.0", "256.0", "512.0", "1024.0", "2048.0", "4096.0", "8192.0", "32768.0",
         "131072.0", "524288.0", "1.048576e+06", "+Inf"},
    };
    struct bench bench;
    bench_open(&bench);
    red_keep(bench.red, RED_EXTRA_EXEMPLARS);
    struct span span = spans_server();
    span.process = process_made(&bench, NO_SUCH_PID, "/usr/bin/shop");
    span.sampled = true;
    red_record(bench.red, &span);
    prometheus_format(&bench.page, &bench.exposition, PROMETHEUS_OPENMETRICS);
    buffer_add_char(&bench.page, 0);
    for (size_t i = 0; i < array_size(lines); i++)
        assert_non_null(strstr(bench.page.p, lines[i]));
    assert_null(strstr(bench.page.p, "# TYPE target_info"));
    assert_null(strstr(bench.page.p, "\n\n"));
    char labels[1024], line[2048];
    snprintf(labels, sizeof(labels),
             "service_name=\"shop\",service_instance_id=\"%s\",http_request_method=\"POST\","
             "http_response_status_code=\"200\",url_scheme=\"http\",server_port=\"8080\","
             "network_protocol_version=\"1.1\"",
             span.process->service->instance_id);
    static const char *const names[] = {"http_server_request_duration_seconds", "http_server_request_body_size_bytes"};
    static const unsigned buckets[] = {6, 1}; // 0.21091 s, 6 bytes
    for (unsigned i = 0; i < 2; i++)
        for (unsigned bucket = 0; bucket < 15; bucket++) {
            int n = snprintf(line, sizeof(line), "\n%s_bucket{%s,le=\"%s\"} %u", names[i], labels, bounds[i][bucket],
                             bucket >= buckets[i]);
            if (i == 0 && bucket == buckets[i]) // of durations only; it ended 210.91 ms after its start
                n += snprintf(line + n, sizeof(line) - (size_t)n,
                              " # {trace_id=\"0123456789abcdef0123456789abcdef\",span_id=\"fedcba9876543210\"} "
                              "0.21091 1795269731.334366789");
            snprintf(line + n, sizeof(line) - (size_t)n, "\n");
            if (!strstr(bench.page.p, line))
                fail_msg("not on the page:%sthe page:\n%s", line, bench.page.p);
        }
    // 0.0.4 has neither.
    bench_format(&bench);
    assert_null(strstr(bench.page.p, " # {"));
    assert_null(strstr(bench.page.p, "# EOF"));
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_series),
        cmocka_unit_test(what_a_service_says),
        cmocka_unit_test(a_client_series_and_an_overflow),
        cmocka_unit_test(every_metric_is_one_group),
        cmocka_unit_test(series_come_and_go_between_pieces),
        cmocka_unit_test(a_page_that_does_not_fit_fails),
        cmocka_unit_test(openmetrics),
    };
    if (argc > 1) {
        struct bench bench;
        bench_full(&bench);
        prometheus_format(&bench.page, &bench.exposition,
                          strcmp(argv[1], "openmetrics") == 0 ? PROMETHEUS_OPENMETRICS : PROMETHEUS_TEXT);
        fwrite(bench.page.p, 1, bench.page.n, stdout);
        bench_close(&bench);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
