// redstart's own metrics on the page: there from the start, with what is counted, left out where it is not known.
#include "collector/core/clock.h"
#include "unit/export/prometheus_bench.h"

static void our_own_metrics_exist_from_the_start(void **state)
{
    struct bench bench;
    bench_open(&bench);
    process_made(&bench, NO_SUCH_PID, "/usr/bin/quiet"); // no series: no target_info
    bench_format(&bench);
    assert_null(strstr(bench.page.p, "target_info"));
    assert_null(strstr(bench.page.p, "redstart_export_"));
    assert_lines(&bench, "redstart_build_info{version=\"%s\",commit=\"%s\"} 1\n", REDSTART_VERSION, REDSTART_COMMIT);
    static const char *const lines[] = {
        "# TYPE redstart_records_total counter\nredstart_records_total{kind=\"http1\"} 0\n",
        "redstart_records_lost_total{cause=\"ring_full\"} 0\n",
        "redstart_unparsed_total{protocol=\"http\",cause=\"io_uring\"} 0\n",
        "redstart_unparsed_total{protocol=\"http\",cause=\"pipelined\"} 0\n",
        "redstart_unparsed_total{protocol=\"ring\",cause=\"bad_record\"} 0\n",
        "redstart_unparsed_total{protocol=\"ring\",cause=\"lost\"} 0\n",
        "redstart_unparsed_total{protocol=\"loader\",cause=\"bad_message\"} 0\n",
        "redstart_spans_total{outcome=\"built\",kind=\"server\"} 0\n",
        "redstart_spans_total{outcome=\"built\",kind=\"client\"} 0\n",
        "redstart_spans_dropped_total{cause=\"stdout_slow\"} 0\n",
        "# TYPE redstart_observed_processes gauge\nredstart_observed_processes 0\n",
        "redstart_connections 0\n",
    };
    for (size_t i = 0; i < array_size(lines); i++)
        assert_lines(&bench, "%s%s", lines[i], "");
    bench_close(&bench);
}

// What is not known is left out; what redstart takes is in seconds and bytes.
static void our_own_health(void **state)
{
    struct bench bench;
    bench_open(&bench);
    bench_format(&bench);
    assert_null(strstr(bench.page.p, "redstart_ring_"));
    assert_null(strstr(bench.page.p, "redstart_process_"));
    bench.self.ring_bytes = 1 << 20;
    bench.self.ring_high_water_bytes = 4096;
    bench.self.drain_delay_ns = 10500000;
    bench.self.drain_delay_max_ns = 2 * NS_PER_SEC;
    bench.self.usage[SELF_PROCESS_COLLECTOR] = (struct usage){.cpu_ns = 1230000000, .resident_bytes = 9 << 20};
    bench_format(&bench);
    static const char lines[] = "redstart_ring_size_bytes 1048576\n";
    assert_lines(&bench, "%s%s", lines, "");
    assert_lines(&bench, "redstart_ring_high_water_bytes %s\n%s", "4096", "");
    assert_lines(&bench, "redstart_drain_delay_seconds %s\n%s", "0.0105", "");
    assert_lines(&bench, "redstart_drain_delay_max_seconds %s\n%s", "2", "");
    assert_lines(&bench, "redstart_process_cpu_seconds_total{process=\"collector\"} %s\n%s", "1.23", "");
    assert_lines(&bench, "redstart_process_resident_memory_bytes{process=\"collector\"} %s\n%s", "9437184", "");
    assert_null(strstr(bench.page.p, "process=\"loader\""));
    bench.self.usage[SELF_PROCESS_LOADER] = (struct usage){.cpu_ns = 0, .resident_bytes = 1 << 20};
    bench_format(&bench);
    assert_lines(&bench, "redstart_process_cpu_seconds_total{process=\"loader\"} %s\n%s", "0", "");
    assert_lines(&bench, "redstart_process_resident_memory_bytes{process=\"loader\"} %s\n%s", "1048576", "");
    bench_close(&bench);
}

static void our_own_metrics_count(void **state)
{
    struct bench bench;
    bench_open(&bench);
    bench.self.kernel[COUNTER_RECORD_HTTP1] = UINT64_MAX;
    bench.self.kernel[COUNTER_LOST_RING_FULL] = 2;
    bench.self.kernel[COUNTER_UNREADABLE_SPLICE] = 3;
    bench.self.unparsed[SELF_UNPARSED_MALFORMED] = 4;
    bench.self.spans[SPAN_KIND_CLIENT] = 5;
    bench.self.spans_dropped[SELF_SPANS_DROPPED_QUEUE_FULL] = 6;
    bench.self.observed_processes = 7;
    bench.self.connections = 8;
    bench.self.exports[0][SELF_SIGNAL_TRACES] = (struct self_export){.destination = "http://c:4318/v1/\"traces",
                                                                     .sent = 9,
                                                                     .retries = 10,
                                                                     .failed = {[SELF_FAILURE_GAVE_UP] = 11},
                                                                     .queued = 12,
                                                                     .last_success_unix_ns = 1795269731500000000};
    bench_format(&bench);
    static const char *const lines[] = {
        "redstart_records_total{kind=\"http1\"} 18446744073709551615\n",
        "redstart_records_lost_total{cause=\"ring_full\"} 2\n",
        "redstart_unparsed_total{protocol=\"http\",cause=\"splice\"} 3\n",
        "redstart_unparsed_total{protocol=\"http\",cause=\"malformed\"} 4\n",
        "redstart_spans_total{outcome=\"built\",kind=\"client\"} 5\n",
        "redstart_spans_dropped_total{cause=\"queue_full\"} 6\n",
        "redstart_observed_processes 7\n",
        "redstart_connections 8\n",
        "# TYPE redstart_export_sent_total counter\n"
        "redstart_export_sent_total{destination=\"http://c:4318/v1/\\\"traces\",signal=\"traces\"} 9\n",
        "redstart_export_failed_total{destination=\"http://c:4318/v1/"
        "\\\"traces\",signal=\"traces\",cause=\"rejected\"} 0\n"
        "redstart_export_failed_total{destination=\"http://c:4318/v1/\\\"traces\",signal=\"traces\",cause=\"gave_up\"} "
        "11\n",
        "redstart_export_retries_total{destination=\"http://c:4318/v1/\\\"traces\",signal=\"traces\"} 10\n",
        "redstart_export_queue_length{destination=\"http://c:4318/v1/\\\"traces\",signal=\"traces\"} 12\n",
        "redstart_export_last_success_timestamp_seconds{destination=\"http://c:4318/v1/\\\"traces\",signal=\"traces\"} "
        "1795269731.5\n",
    };
    for (size_t i = 0; i < array_size(lines); i++)
        assert_lines(&bench, "%s%s", lines[i], "");
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_metrics_exist_from_the_start),
        cmocka_unit_test(our_own_health),
        cmocka_unit_test(our_own_metrics_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
