// Series as OTLP messages: packed, unpacked again, compared by value; rounds cut into requests. Long, because messages
// are compared field by field.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "collector/export/otlp_metrics.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb-c.h"
#include "tests/unit/export/otlp_sample.h"

typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest metrics_request;
typedef Opentelemetry__Proto__Metrics__V1__Metric metric_message;
typedef Opentelemetry__Proto__Metrics__V1__HistogramDataPoint point_message;

#define NOW_NS (SAMPLE_START_NS + 60 * UINT64_C(1000000000))

static struct otlp_settings settings;
static const struct otlp_origin origin = {.settings = &settings, .host_name = "here"};

struct fixture {
    struct red *red;
    struct process_table *processes;
    struct arena arena;
    struct buffer body;
    struct otlp_metrics_source source;
};

static const struct process *process_add(struct fixture *fixture, uint32_t pid, const char *exe)
{
    const struct process_facts facts = {.pid = pid, .start_ns = pid, .exe = str_from(exe), .comm = STR("x")};
    assert_int_equal(process_table_update(fixture->processes, &facts), 0);
    return process_table_find(fixture->processes, pid);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    settings = (struct otlp_settings){.exemplars = true};
    *state = fixture;
    buffer_init(&fixture->body, OTLP_REQUEST_MAX);
    if (arena_init(&fixture->arena, OTLP_ARENA_SIZE) || red_new(&fixture->red, 5000, 0) ||
        process_table_new(&fixture->processes, NULL, "host", 64))
        return -1;
    fixture->source = (struct otlp_metrics_source){fixture->red, fixture->processes, &origin, 0};
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    red_free(fixture->red);
    process_table_free(fixture->processes);
    arena_release(&fixture->arena);
    buffer_release(&fixture->body);
    free(fixture);
    return 0;
}

static metrics_request *body_read(struct fixture *fixture)
{
    assert_true(fixture->body.n <= OTLP_REQUEST_MAX);
    metrics_request *request = opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__unpack(
        NULL, fixture->body.n, (const uint8_t *)fixture->body.p);
    assert_non_null(request);
    return request;
}

static void request_free(metrics_request *request)
{
    opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__free_unpacked(request, NULL);
}

static void assert_attributes(const point_message *point, const char *expected)
{
    char text[1024];
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < point->n_attributes; i++) {
        const otlp_any_value *value = point->attributes[i]->value;
        bool is_text = value->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
        bool is_int = value->value_case == OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE;
        char *to = text + used;
        size_t room = sizeof(text) - used;
        const char *key = point->attributes[i]->key;
        used += (size_t)(is_text  ? snprintf(to, room, "%s=\"%s\" ", key, value->string_value)
                         : is_int ? snprintf(to, room, "%s=%lld ", key, (long long)value->int_value)
                                  : snprintf(to, room, "%s=%s ", key, value->bool_value ? "true" : "false"));
    }
    assert_string_equal(text, expected);
}

static void assert_metric(const metric_message *metric, const char *name, const char *unit, size_t points)
{
    assert_string_equal(metric->name, name);
    assert_string_equal(metric->unit, unit);
    assert_true(metric->description[0] != 0);
    assert_int_equal(metric->data_case, OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_HISTOGRAM);
    assert_int_equal(metric->histogram->aggregation_temporality,
                     OPENTELEMETRY__PROTO__METRICS__V1__AGGREGATION_TEMPORALITY__AGGREGATION_TEMPORALITY_CUMULATIVE);
    assert_int_equal(metric->histogram->n_data_points, points);
}

static void a_server_series_by_value(void **state)
{
    struct fixture *fixture = *state;
    struct otlp_metrics_cursor cursor = {0};
    struct span span = sample_server_span();
    span.process = process_add(fixture, 10, "/usr/bin/shopd");
    for (unsigned i = 0; i < 3; i++)
        red_record(fixture->red, &span);

    assert_int_equal(otlp_metrics_pack(&fixture->source, &cursor, NOW_NS, &fixture->arena, &fixture->body), 4);
    metrics_request *request = body_read(fixture);
    assert_int_equal(request->n_resource_metrics, 1);
    const otlp_resource *resource = request->resource_metrics[0]->resource;
    assert_string_equal(resource->attributes[0]->key, "service.name");
    assert_string_equal(resource->attributes[0]->value->string_value, span.process->service->name);
    assert_int_equal(request->resource_metrics[0]->n_scope_metrics, 1);
    assert_string_equal(request->resource_metrics[0]->scope_metrics[0]->scope->name, "redstart");
    assert_int_equal(request->resource_metrics[0]->scope_metrics[0]->n_metrics, 4);
    metric_message **metrics = request->resource_metrics[0]->scope_metrics[0]->metrics;
    assert_metric(metrics[0], "http.server.request.duration", "s", 1);
    assert_metric(metrics[1], "http.server.request.body.size", "By", 1);
    assert_metric(metrics[2], "http.server.response.body.size", "By", 1);
    assert_metric(metrics[3], "redstart.http.server.queue.duration", "s", 1);

    const point_message *point = metrics[0]->histogram->data_points[0];
    static const double bounds[] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
    assert_attributes(point, "http.request.method=\"GET\" http.response.status_code=200 url.scheme=\"http\" "
                             "server.port=8080 network.protocol.version=\"1.1\" ");
    assert_int_equal(point->n_explicit_bounds, array_size(bounds));
    assert_int_equal(point->n_bucket_counts, array_size(bounds) + 1);
    for (size_t i = 0; i < array_size(bounds); i++)
        assert_memory_equal(&point->explicit_bounds[i], &bounds[i], sizeof(double));
    for (size_t i = 0; i < point->n_bucket_counts; i++)
        assert_int_equal(point->bucket_counts[i], i == 6 ? 3 : 0); // (0.1, 0.25]
    assert_int_equal(point->count, 3);
    assert_int_equal(point->sum_presence_case,
                     OPENTELEMETRY__PROTO__METRICS__V1__HISTOGRAM_DATA_POINT__SUM_PRESENCE_SUM);
    assert_true(point->sum == 0.63273);
    assert_true(point->start_time_unix_nano <= SAMPLE_START_NS + span.duration_ns);
    assert_true(point->start_time_unix_nano > 0);
    assert_int_equal(point->time_unix_nano, NOW_NS);

    point = metrics[1]->histogram->data_points[0]; // three empty bodies: a sum of 0 that is there
    assert_int_equal(point->count, 3);
    assert_int_equal(point->sum_presence_case,
                     OPENTELEMETRY__PROTO__METRICS__V1__HISTOGRAM_DATA_POINT__SUM_PRESENCE_SUM);
    assert_true(point->sum == 0);
    assert_int_equal(point->bucket_counts[0], 3);
    assert_true(metrics[2]->histogram->data_points[0]->sum == 18);
    assert_true(metrics[3]->histogram->data_points[0]->sum == 0.02289);
    request_free(request);

    assert_int_equal(otlp_metrics_pack(&fixture->source, &cursor, NOW_NS, &fixture->arena, &fixture->body), 0);
    assert_int_equal(fixture->body.n, 0);
}

static void a_client_series_names_its_server(void **state)
{
    struct fixture *fixture = *state;
    struct otlp_metrics_cursor cursor = {0};
    struct span span = sample_client_span();
    span.process = process_add(fixture, 10, "/usr/bin/shopd");
    red_record(fixture->red, &span);
    // The response's size is not known: that instrument has no point, so it is not there at all.
    assert_int_equal(otlp_metrics_pack(&fixture->source, &cursor, NOW_NS, &fixture->arena, &fixture->body), 2);
    metrics_request *request = body_read(fixture);
    assert_int_equal(request->resource_metrics[0]->scope_metrics[0]->n_metrics, 2);
    metric_message **metrics = request->resource_metrics[0]->scope_metrics[0]->metrics;
    assert_metric(metrics[0], "http.client.request.duration", "s", 1);
    assert_metric(metrics[1], "http.client.request.body.size", "By", 1);
    assert_attributes(metrics[0]->histogram->data_points[0],
                      "http.request.method=\"POST\" http.response.status_code=404 url.scheme=\"http\" "
                      "server.address=\"api.example\" server.port=9000 network.protocol.version=\"1.1\" "
                      "error.type=\"404\" ");
    request_free(request);
}

static void early_beylas_names(void **state)
{
    struct fixture *fixture = *state;
    struct otlp_metrics_cursor cursor = {0};
    struct span server = sample_server_span(), client = sample_client_span();
    server.process = client.process = process_add(fixture, 10, "/usr/bin/shopd");
    assert_int_equal(red_select(fixture->red, NULL, METRIC_NAMES_BEYLA1), 0);
    red_record(fixture->red, &server);
    red_record(fixture->red, &client);
    assert_int_equal(otlp_metrics_pack(&fixture->source, &cursor, NOW_NS, &fixture->arena, &fixture->body), 6);
    metrics_request *request = body_read(fixture);
    metric_message **metrics = request->resource_metrics[0]->scope_metrics[0]->metrics;
    assert_metric(metrics[0], "http.server.duration", "s", 1);
    assert_metric(metrics[1], "http.server.request.size", "By", 1);
    assert_metric(metrics[2], "http.server.response.size", "By", 1);
    assert_metric(metrics[3], "redstart.http.server.queue.duration", "s", 1);
    assert_metric(metrics[4], "http.client.duration", "s", 1);
    assert_metric(metrics[5], "http.client.request.size", "By", 1);
    assert_attributes(metrics[0]->histogram->data_points[0],
                      "http.method=\"GET\" http.status_code=200 http.scheme=\"http\" net.host.port=8080 "
                      "net.protocol.version=\"1.1\" ");
    assert_attributes(metrics[4]->histogram->data_points[0],
                      "http.method=\"POST\" http.status_code=404 http.scheme=\"http\" "
                      "net.sock.peer.name=\"api.example\" net.sock.peer.port=9000 net.protocol.version=\"1.1\" "
                      "error.type=\"404\" ");
    request_free(request);
}

static void a_point_never_ends_before_it_starts(void **state)
{
    struct fixture *fixture = *state;
    struct otlp_metrics_cursor cursor = {0};
    struct span span = sample_server_span();
    span.process = process_add(fixture, 10, "/usr/bin/shopd");
    red_record(fixture->red, &span);
    assert_int_equal(otlp_metrics_pack(&fixture->source, &cursor, 1, &fixture->arena, &fixture->body), 4);
    metrics_request *request = body_read(fixture);
    const point_message *point = request->resource_metrics[0]->scope_metrics[0]->metrics[0]->histogram->data_points[0];
    assert_int_equal(point->time_unix_nano, point->start_time_unix_nano + 1);
    request_free(request);
}

// 3,000 series of 7 services: each exactly once in a round, in requests below the limit, none empty.
static void a_round_is_cut_into_requests(void **state)
{
    struct fixture *fixture = *state;
    struct otlp_metrics_cursor cursor = {0};
    unsigned requests = 0, points = 0, read = 0, n;
    uint64_t count = 0;
    for (unsigned i = 0; i < 3000; i++) {
        char exe[32], route[32];
        struct span span = sample_server_span();
        snprintf(exe, sizeof(exe), "/usr/bin/service%u", i % 7);
        snprintf(route, sizeof(route), "/route/%u", i);
        span.process = process_add(fixture, 10 + i % 7, exe);
        span.route = str_from(route);
        red_record(fixture->red, &span);
    }
    while ((n = otlp_metrics_pack(&fixture->source, &cursor, NOW_NS, &fixture->arena, &fixture->body))) {
        metrics_request *request = body_read(fixture);
        requests++;
        points += n;
        for (size_t i = 0; i < request->n_resource_metrics; i++) {
            assert_int_equal(request->resource_metrics[i]->scope_metrics[0]->n_metrics, 4);
            for (size_t j = 0; j < 4; j++) {
                const metric_message *metric = request->resource_metrics[i]->scope_metrics[0]->metrics[j];
                read += (unsigned)metric->histogram->n_data_points;
                for (size_t k = 0; j == 0 && k < metric->histogram->n_data_points; k++)
                    count += metric->histogram->data_points[k]->count;
            }
        }
        request_free(request);
        assert_true(requests < 100);
    }
    assert_int_equal(points, 12000);
    assert_int_equal(read, 12000);
    assert_int_equal(count, 3000);
    assert_in_range(requests, 2, 3);
}

static void a_tiny_arena_ends_the_round(void **state)
{
    struct fixture *fixture = *state;
    struct span span = sample_server_span();
    span.process = process_add(fixture, 10, "/usr/bin/shopd");
    red_record(fixture->red, &span);
    for (size_t size = 0; size < 12000; size += 13) {
        struct otlp_metrics_cursor cursor = {0};
        struct arena tiny;
        assert_int_equal(arena_init(&tiny, size + 1), 0);
        unsigned n = otlp_metrics_pack(&fixture->source, &cursor, NOW_NS, &tiny, &fixture->body);
        assert_true(n == 0 || n == 4);
        arena_release(&tiny);
    }
}

// The first metric of the next request of a new round; *ret_request is to be freed.
static const metric_message *round_first(struct fixture *fixture, uint64_t now_ns, unsigned points,
                                         metrics_request **ret_request)
{
    struct otlp_metrics_cursor cursor = {0};
    assert_int_equal(otlp_metrics_pack(&fixture->source, &cursor, now_ns, &fixture->arena, &fixture->body), points);
    *ret_request = body_read(fixture);
    metrics_request *request = *ret_request;
    assert_int_equal(otlp_metrics_pack(&fixture->source, &cursor, now_ns, &fixture->arena, &fixture->body), 0);
    return points ? request->resource_metrics[0]->scope_metrics[0]->metrics[0] : NULL;
}

static void min_max_and_exemplars(void **state)
{
    struct fixture *fixture = *state;
    struct span span = sample_server_span();
    metrics_request *request;
    red_keep(fixture->red, otlp_metrics_extras(&settings));
    span.process = process_add(fixture, 10, "/usr/bin/shopd");
    red_record(fixture->red, &span);
    span.duration_ns = 3000000;
    span.sampled = false;
    red_record(fixture->red, &span);
    const point_message *point = round_first(fixture, NOW_NS, 4, &request)->histogram->data_points[0];
    assert_true(point->min == 0.003 && point->max == 0.21091);
    assert_int_equal(point->n_exemplars, 1);
    assert_true(point->exemplars[0]->as_double == 0.21091);
    assert_int_equal(point->exemplars[0]->time_unix_nano, SAMPLE_START_NS + 210910000);
    assert_int_equal(point->exemplars[0]->trace_id.len, 16);
    assert_memory_equal(point->exemplars[0]->trace_id.data, span.trace_id, 16);
    assert_int_equal(point->exemplars[0]->span_id.len, 8);
    assert_memory_equal(point->exemplars[0]->span_id.data, span.span_id, 8);
    request_free(request);

    fixture->source.previous_unix_ns = NOW_NS; // it was sent once
    point = round_first(fixture, NOW_NS, 4, &request)->histogram->data_points[0];
    assert_int_equal(point->n_exemplars, 0);
    request_free(request);
}

static void exponential_buckets_by_value(void **state)
{
    struct fixture *fixture = *state;
    struct span span = sample_server_span();
    metrics_request *request;
    settings.exponential = true;
    red_keep(fixture->red, otlp_metrics_extras(&settings));
    span.process = process_add(fixture, 10, "/usr/bin/shopd");
    span.duration_ns = UINT64_C(1024000000000);
    red_record(fixture->red, &span);
    span.duration_ns = 1010000000;
    red_record(fixture->red, &span);
    const metric_message *metric = round_first(fixture, NOW_NS, 4, &request);
    assert_int_equal(metric->data_case, OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_EXPONENTIAL_HISTOGRAM);
    assert_int_equal(metric->exponential_histogram->aggregation_temporality,
                     OPENTELEMETRY__PROTO__METRICS__V1__AGGREGATION_TEMPORALITY__AGGREGATION_TEMPORALITY_CUMULATIVE);
    const Opentelemetry__Proto__Metrics__V1__ExponentialHistogramDataPoint *point =
        metric->exponential_histogram->data_points[0];
    assert_int_equal(point->count, 2);
    assert_true(point->sum == 1025.01);
    assert_int_equal(point->scale, 4);
    assert_int_equal(point->positive->offset, 0);
    assert_int_equal(point->positive->n_bucket_counts, 160);
    assert_int_equal(point->positive->bucket_counts[0], 1);
    assert_int_equal(point->positive->bucket_counts[159], 1);
    assert_true(point->min == 1.01 && point->max == 1024);
    assert_int_equal(point->n_attributes, 5);
    assert_true(point->n_exemplars > 0);
    // Two empty bodies: zeroes only.
    metric = request->resource_metrics[0]->scope_metrics[0]->metrics[1];
    assert_int_equal(metric->exponential_histogram->data_points[0]->zero_count, 2);
    assert_null(metric->exponential_histogram->data_points[0]->positive);
    request_free(request);
}

static void delta_is_what_came_since(void **state)
{
    struct fixture *fixture = *state;
    struct span span = sample_server_span();
    metrics_request *request;
    settings.temporality = OTLP_TEMPORALITY_DELTA;
    red_keep(fixture->red, otlp_metrics_extras(&settings));
    span.process = process_add(fixture, 10, "/usr/bin/shopd");
    red_record(fixture->red, &span);
    red_record(fixture->red, &span);
    const metric_message *metric = round_first(fixture, NOW_NS, 4, &request);
    assert_int_equal(metric->histogram->aggregation_temporality,
                     OPENTELEMETRY__PROTO__METRICS__V1__AGGREGATION_TEMPORALITY__AGGREGATION_TEMPORALITY_DELTA);
    assert_int_equal(metric->histogram->data_points[0]->count, 2);
    assert_int_equal(metric->histogram->data_points[0]->start_time_unix_nano, SAMPLE_START_NS);
    request_free(request);
    assert_null(round_first(fixture, NOW_NS + 1, 0, &request)); // nothing came
    request_free(request);
    span.duration_ns = 1000000;
    red_record(fixture->red, &span);
    const point_message *point = round_first(fixture, NOW_NS + 10, 4, &request)->histogram->data_points[0];
    assert_int_equal(point->count, 1);
    assert_true(point->sum == 0.001 && point->min == 0.001 && point->max == 0.001);
    assert_int_equal(point->start_time_unix_nano, NOW_NS + 1);
    assert_int_equal(point->time_unix_nano, NOW_NS + 10);
    request_free(request);
}

static void a_forgotten_series_says_so_once(void **state)
{
    struct fixture *fixture = *state;
    struct span span = sample_server_span();
    metrics_request *request;
    red_free(fixture->red);
    assert_int_equal(red_new(&fixture->red, 100, 1000), 0);
    fixture->source.red = fixture->red;
    red_keep(fixture->red, otlp_metrics_extras(&settings));
    span.process = process_add(fixture, 10, "/usr/bin/shopd");
    red_record(fixture->red, &span);
    round_first(fixture, NOW_NS, 4, &request);
    request_free(request);
    red_expire(fixture->red, UINT64_C(1000000000000));
    const point_message *point = round_first(fixture, NOW_NS + 5, 4, &request)->histogram->data_points[0];
    assert_int_equal(point->flags, 1); // NO_RECORDED_VALUE
    assert_int_equal(point->n_attributes, 5);
    assert_int_equal(point->start_time_unix_nano, SAMPLE_START_NS);
    assert_int_equal(point->time_unix_nano, NOW_NS + 5);
    assert_int_equal(point->count, 0);
    assert_int_equal(point->n_bucket_counts, 0);
    request_free(request);
    assert_null(round_first(fixture, NOW_NS + 6, 0, &request));
    request_free(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_server_series_by_value, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_series_names_its_server, setup, teardown),
        cmocka_unit_test_setup_teardown(early_beylas_names, setup, teardown),
        cmocka_unit_test_setup_teardown(a_point_never_ends_before_it_starts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_round_is_cut_into_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tiny_arena_ends_the_round, setup, teardown),
        cmocka_unit_test_setup_teardown(min_max_and_exemplars, setup, teardown),
        cmocka_unit_test_setup_teardown(exponential_buckets_by_value, setup, teardown),
        cmocka_unit_test_setup_teardown(delta_is_what_came_since, setup, teardown),
        cmocka_unit_test_setup_teardown(a_forgotten_series_says_so_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
