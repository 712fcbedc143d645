// Our own metrics as pushed: all that the page shows, by value, in each temporality, and what a counter that goes back
// comes to.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "collector/export/otlp_self.h"
#include "collector/red/self_metrics.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb-c.h"

typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest metrics_request;
typedef Opentelemetry__Proto__Metrics__V1__Metric metric_message;
typedef Opentelemetry__Proto__Metrics__V1__NumberDataPoint number_message;

#define START_NS UINT64_C(1764000000000000000)
#define SECOND   UINT64_C(1000000000)
enum { DELTA = 1, CUMULATIVE = 2 };

struct fixture {
    struct otlp_settings settings;
    struct otlp_origin origin;
    struct self self;
    struct red *red;
    struct arena arena;
    struct buffer body;
    struct otlp_self own;
    metrics_request *request;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    *state = fixture;
    fixture->origin.settings = &fixture->settings;
    buffer_init(&fixture->body, OTLP_REQUEST_MAX);
    fixture->self.exports[1][SELF_SIGNAL_TRACES] = (struct self_export){
        .destination = "http://c/v1/traces", .sent = 3, .queued_bytes = 70, .last_success_unix_ns = 1500000000};
    fixture->self.ring_bytes = 4096;
    fixture->self.usage[SELF_PROCESS_COLLECTOR] = (struct usage){.cpu_ns = 1250000000, .resident_bytes = 9 << 20};
    fixture->self.kernel[COUNTER_LOST_RING_FULL] = 10;
    if (arena_init(&fixture->arena, OTLP_ARENA_SIZE) || red_new(&fixture->red, 10, 0))
        return -1;
    otlp_self_init(&fixture->own,
                   &(const struct otlp_sources){.red = fixture->red, .self = &fixture->self, .instance = "/run/l.sock"},
                   &fixture->origin, START_NS);
    return 0;
}

static void request_free(struct fixture *fixture)
{
    opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__free_unpacked(fixture->request, NULL);
    fixture->request = NULL;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    request_free(fixture);
    red_free(fixture->red);
    arena_release(&fixture->arena);
    buffer_release(&fixture->body);
    free(fixture);
    return 0;
}

static unsigned pack(struct fixture *fixture, uint64_t now_ns)
{
    request_free(fixture);
    unsigned points = otlp_self_pack(&fixture->own, now_ns, &fixture->arena, &fixture->body);
    fixture->request = opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__unpack(
        NULL, fixture->body.n, (const uint8_t *)fixture->body.p);
    assert_non_null(fixture->request);
    assert_int_equal(fixture->request->n_resource_metrics, 1);
    return points;
}

static const metric_message *metric_find(const struct fixture *fixture, const char *name)
{
    Opentelemetry__Proto__Metrics__V1__ScopeMetrics *scope = fixture->request->resource_metrics[0]->scope_metrics[0];
    for (size_t i = 0; i < scope->n_metrics; i++)
        if (strcmp(scope->metrics[i]->name, name) == 0)
            return scope->metrics[i];
    return NULL;
}

// The point whose attributes are these values, one after the other.
static const number_message *point_find(number_message **points, size_t n, const char *values)
{
    for (size_t i = 0; i < n; i++) {
        char text[256] = "";
        for (size_t k = 0; k < points[i]->n_attributes; k++) {
            strcat(text, k ? "," : "");
            strcat(text, points[i]->attributes[k]->value->string_value);
        }
        if (strcmp(text, values) == 0)
            return points[i];
    }
    fail_msg("no point %s", values);
    return NULL;
}

static const number_message *counter(const struct fixture *fixture, const char *name, const char *values,
                                     int temporality)
{
    const metric_message *metric = metric_find(fixture, name);
    assert_non_null(metric);
    assert_int_equal(metric->data_case, OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_SUM);
    assert_true(metric->sum->is_monotonic);
    assert_int_equal(metric->sum->aggregation_temporality, temporality);
    assert_true(metric->description[0] && metric->unit[0]);
    return point_find(metric->sum->data_points, metric->sum->n_data_points, values);
}

static const number_message *gauge(const struct fixture *fixture, const char *name, const char *values)
{
    const metric_message *metric = metric_find(fixture, name);
    assert_non_null(metric);
    assert_int_equal(metric->data_case, OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_GAUGE);
    return point_find(metric->gauge->data_points, metric->gauge->n_data_points, values);
}

static void all_that_the_page_shows(void **state)
{
    struct fixture *fixture = *state;
    assert_true(pack(fixture, START_NS + SECOND) > 30);
    assert_string_equal(fixture->request->resource_metrics[0]->resource->attributes[0]->value->string_value,
                        "redstart");
    const number_message *point = counter(fixture, "redstart.records.lost", "ring_full", CUMULATIVE);
    assert_int_equal(point->as_int, 10);
    assert_int_equal(point->start_time_unix_nano, START_NS);
    assert_int_equal(point->time_unix_nano, START_NS + SECOND);
    assert_int_equal(counter(fixture, "redstart.export.sent", "http://c/v1/traces,traces", CUMULATIVE)->as_int, 3);
    assert_int_equal(
        counter(fixture, "redstart.series.dropped", "http.server.request.duration", CUMULATIVE)->value_case,
        OPENTELEMETRY__PROTO__METRICS__V1__NUMBER_DATA_POINT__VALUE_AS_INT); // 0, and there
    assert_true(counter(fixture, "redstart.process.cpu", "collector", CUMULATIVE)->as_double == 1.25);
    assert_int_equal(gauge(fixture, "redstart.process.resident_memory", "collector")->as_int, 9 << 20);
    assert_int_equal(gauge(fixture, "redstart.export.queue", "http://c/v1/traces,traces")->as_int, 70);
    assert_true(gauge(fixture, "redstart.export.last_success.timestamp", "http://c/v1/traces,traces")->as_double ==
                1.5);
    assert_int_equal(gauge(fixture, "redstart.ring.size", "")->as_int, 4096);
    assert_int_equal(gauge(fixture, "redstart.build_info", REDSTART_VERSION "," REDSTART_COMMIT)->as_int, 1);
    for (const char *const *name =
             (const char *const[]){"redstart.ring.high_water", "redstart.drain.delay", "redstart.drain.delay.max",
                                   "redstart.export.queue.length", "redstart.export.queue.capacity",
                                   "redstart.connections", "redstart.observed_processes", NULL};
         *name; name++)
        assert_non_null(metric_find(fixture, *name));
}

static void each_pair_has_its_instance(void **state)
{
    struct fixture *fixture = *state;
    struct otlp_self again, other;
    otlp_self_init(&again, &(const struct otlp_sources){.instance = "/run/l.sock"}, &fixture->origin, 1);
    otlp_self_init(&other, &(const struct otlp_sources){.instance = "/run/m.sock"}, &fixture->origin, 1);
    assert_string_equal(fixture->own.service.instance_id, again.service.instance_id);
    assert_string_not_equal(fixture->own.service.instance_id, other.service.instance_id);
    assert_int_equal(strlen(again.service.instance_id), 36);
    pack(fixture, START_NS + SECOND);
    const otlp_resource *resource = fixture->request->resource_metrics[0]->resource;
    assert_string_equal(resource->attributes[1]->key, "service.instance.id");
    assert_string_equal(resource->attributes[1]->value->string_value, again.service.instance_id);
}

static void delta_is_since_the_last_round(void **state)
{
    struct fixture *fixture = *state;
    fixture->settings.temporality = OTLP_TEMPORALITY_DELTA;
    pack(fixture, START_NS + SECOND);
    const number_message *point = counter(fixture, "redstart.records.lost", "ring_full", DELTA);
    assert_int_equal(point->as_int, 10);
    assert_int_equal(point->start_time_unix_nano, START_NS);
    fixture->self.kernel[COUNTER_LOST_RING_FULL] = 14;
    fixture->self.observed_processes = 5;
    fixture->self.usage[SELF_PROCESS_COLLECTOR].cpu_ns += 500000000;
    pack(fixture, START_NS + 3 * SECOND);
    point = counter(fixture, "redstart.records.lost", "ring_full", DELTA);
    assert_int_equal(point->as_int, 4);
    assert_int_equal(point->start_time_unix_nano, START_NS + SECOND);
    assert_int_equal(point->time_unix_nano, START_NS + 3 * SECOND);
    assert_true(counter(fixture, "redstart.process.cpu", "collector", DELTA)->as_double == 0.5);
    assert_int_equal(gauge(fixture, "redstart.observed_processes", "")->as_int, 5);
    fixture->self.kernel[COUNTER_LOST_RING_FULL] = 3; // a new loader counts from 0
    pack(fixture, START_NS + 4 * SECOND);
    assert_int_equal(counter(fixture, "redstart.records.lost", "ring_full", DELTA)->as_int, 3);
}

static void lowmemory_leaves_them_cumulative(void **state)
{
    struct fixture *fixture = *state;
    fixture->settings.temporality = OTLP_TEMPORALITY_LOWMEMORY;
    pack(fixture, START_NS + SECOND);
    pack(fixture, START_NS + 2 * SECOND);
    assert_int_equal(counter(fixture, "redstart.records.lost", "ring_full", CUMULATIVE)->as_int, 10);
}

static void a_counter_that_goes_back_starts_again(void **state)
{
    struct fixture *fixture = *state;
    pack(fixture, START_NS + SECOND);
    fixture->self.kernel[COUNTER_LOST_RING_FULL] = 2;
    pack(fixture, START_NS + 2 * SECOND);
    const number_message *point = counter(fixture, "redstart.records.lost", "ring_full", CUMULATIVE);
    assert_int_equal(point->as_int, 2);
    assert_int_equal(point->start_time_unix_nano, START_NS + SECOND + 1);
    assert_int_equal(
        counter(fixture, "redstart.export.sent", "http://c/v1/traces,traces", CUMULATIVE)->start_time_unix_nano,
        START_NS);
    pack(fixture, START_NS); // the wall clock went back
    assert_true(counter(fixture, "redstart.records.lost", "ring_full", CUMULATIVE)->time_unix_nano >
                START_NS + 2 * SECOND);
}

// A destination goes and another comes: the others' counters go on, the new one's begins.
static void destinations_may_change(void **state)
{
    struct fixture *fixture = *state;
    fixture->settings.temporality = OTLP_TEMPORALITY_DELTA;
    fixture->self.exports[0][SELF_SIGNAL_METRICS] = (struct self_export){.destination = "a", .sent = 100};
    pack(fixture, START_NS + SECOND);
    fixture->self.exports[0][SELF_SIGNAL_METRICS].destination = NULL;
    fixture->self.exports[1][SELF_SIGNAL_TRACES].sent = 5;
    fixture->self.exports[2][SELF_SIGNAL_TRACES] = (struct self_export){.destination = "b", .sent = 1};
    pack(fixture, START_NS + 2 * SECOND);
    assert_int_equal(counter(fixture, "redstart.export.sent", "http://c/v1/traces,traces", DELTA)->as_int, 2);
    assert_int_equal(counter(fixture, "redstart.export.sent", "b,traces", DELTA)->as_int, 1);
    assert_true(counter(fixture, "redstart.process.cpu", "collector", DELTA)->as_double == 0);
    for (unsigned i = 0; i < 1000; i++) { // ever new names
        char name[16];
        snprintf(name, sizeof(name), "n%u", i);
        fixture->self.exports[2][SELF_SIGNAL_TRACES].destination = name;
        assert_true(pack(fixture, START_NS + (3 + i) * SECOND) > 30);
    }
}

static void every_destination_fits(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < SELF_DESTINATIONS_MAX; i++)
        for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++)
            fixture->self.exports[i][signal].destination = "d";
    fixture->self.usage[SELF_PROCESS_LOADER].resident_bytes = 1;
    assert_true(pack(fixture, START_NS + SECOND) > 100);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_pair_has_its_instance),
        CASE(all_that_the_page_shows),
        CASE(delta_is_since_the_last_round),
        CASE(lowmemory_leaves_them_cumulative),
        CASE(a_counter_that_goes_back_starts_again),
        CASE(every_destination_fits),
        CASE(destinations_may_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
