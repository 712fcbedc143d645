// OpenTelemetry's variables: URL rules, per-signal forms, lists, samplers, and what bad values come to. Long, because
// the specification is one: a table for each of its sections.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "collector/conf/options.h"
#include "collector/conf/otlp_destination.h"

static struct collector_options options;
static struct complaint complaint;

static int parse(const char *endpoint, const char *const *environment)
{
    char *argv[] = {"redstart-collector", endpoint ? "--otlp" : NULL, (char *)endpoint, NULL};
    return options_parse(&options, endpoint ? 3 : 1, argv, (char *const *)environment, &complaint);
}

static void url_equal(const char *actual, const char *expected)
{
    assert_int_equal(actual != NULL, expected != NULL);
    if (expected)
        assert_string_equal(actual, expected);
}

static void test_urls(void **state)
{
    static const struct {
        const char *endpoint;
        const char *environment[4];
        const char *metrics, *traces;
    } rows[] = {
        {"http://c:4318", {NULL}, "http://c:4318/v1/metrics", "http://c:4318/v1/traces"},
        {"http://c:4318/", {NULL}, "http://c:4318/v1/metrics", "http://c:4318/v1/traces"},
        {NULL, {NULL}, NULL, NULL},
        {NULL, {"OTEL_EXPORTER_OTLP_ENDPOINT=http://c/x"}, "http://c/x/v1/metrics", "http://c/x/v1/traces"},
        {NULL, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t:1"}, NULL, "http://t:1/"},
        {NULL, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t:1/in"}, NULL, "http://t:1/in"},
        {NULL,
         {"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=https://m/p"},
         "https://m/p",
         "http://c:1/v1/traces"},
        {"http://o:1",
         {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t:1", "OTEL_TRACES_EXPORTER=none"},
         "http://o:1/v1/metrics",
         "http://o:1/v1/traces"},
        {NULL, {"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1", "OTEL_TRACES_EXPORTER=none"}, "http://c:1/v1/metrics", NULL},
        {NULL, {"OTEL_METRICS_EXPORTER=otlp"}, "http://localhost:4318/v1/metrics", NULL},
        {NULL, {"OTEL_EXPORTER_OTLP_ENDPOINT="}, NULL, NULL},
        {NULL, {"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1", "OTEL_SDK_DISABLED=true"}, NULL, NULL},
        {"http://o:1", {"OTEL_SDK_DISABLED=true"}, "http://o:1/v1/metrics", "http://o:1/v1/traces"},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(parse(rows[i].endpoint, rows[i].environment), 0);
        url_equal(options.push.destination[0].endpoint[SELF_SIGNAL_METRICS].url, rows[i].metrics);
        url_equal(options.push.destination[0].endpoint[SELF_SIGNAL_TRACES].url, rows[i].traces);
        assert_int_equal(options.otlp, rows[i].metrics || rows[i].traces);
        assert_int_equal(options.print_traces, !options.otlp);
        assert_int_equal(complaint.warnings, 0);
    }
}

static void test_refused(void **state)
{
    const char *const bad_url[] = {"OTEL_EXPORTER_OTLP_ENDPOINT=c:4317", NULL};
    assert_int_equal(parse(NULL, bad_url), -22);
    assert_string_equal(complaint.error,
                        "OTEL_EXPORTER_OTLP_ENDPOINT=c:4317: expected a URL such as http://localhost:4318");
    assert_int_equal(parse("unix://relative", (const char *const[]){NULL}), -22);
    assert_string_equal(complaint.error, "--otlp unix://relative: expected a URL such as http://localhost:4318");
}

#define GRPC_METRICS "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
#define GRPC_TRACES  "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define GRPC         "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"
#define ENDPOINT     "OTEL_EXPORTER_OTLP_ENDPOINT="

static void test_protocols(void **state)
{
    static const struct {
        const char *environment[4];
        const char *metrics, *traces, *unix_path;
        bool metrics_grpc, traces_grpc;
    } rows[] = {
        {{GRPC, ENDPOINT "http://c:4317"}, "http://c:4317" GRPC_METRICS, "http://c:4317" GRPC_TRACES, NULL, true, true},
        {{GRPC, ENDPOINT "https://c:4317/ignored?x"},
         "https://c:4317" GRPC_METRICS,
         "https://c:4317" GRPC_TRACES,
         NULL,
         true,
         true},
        {{GRPC, ENDPOINT "c:4317"}, "https://c:4317" GRPC_METRICS, "https://c:4317" GRPC_TRACES, NULL, true, true},
        {{GRPC, ENDPOINT "c:4317", "OTEL_EXPORTER_OTLP_INSECURE=TRUE"},
         "http://c:4317" GRPC_METRICS,
         "http://c:4317" GRPC_TRACES,
         NULL,
         true,
         true},
        {{GRPC, "OTEL_METRICS_EXPORTER=otlp"}, "http://localhost:4317" GRPC_METRICS, NULL, NULL, true, false},
        {{ENDPOINT "http://c:1", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=GRPC"},
         "http://c:1/v1/metrics",
         "http://c:1" GRPC_TRACES,
         NULL,
         false,
         true},
        {{ENDPOINT "unix:///run/o.sock"},
         "http://localhost/v1/metrics",
         "http://localhost/v1/traces",
         "/run/o.sock",
         false,
         false},
        {{GRPC, ENDPOINT "unix:///run/o.sock"},
         "http://localhost" GRPC_METRICS,
         "http://localhost" GRPC_TRACES,
         "/run/o.sock",
         true,
         true},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(parse(NULL, rows[i].environment), 0);
        const struct otlp_endpoint *metrics = &options.push.destination[0].endpoint[SELF_SIGNAL_METRICS];
        const struct otlp_endpoint *traces = &options.push.destination[0].endpoint[SELF_SIGNAL_TRACES];
        url_equal(metrics->url, rows[i].metrics);
        url_equal(traces->url, rows[i].traces);
        url_equal(metrics->unix_path, rows[i].unix_path);
        assert_int_equal(metrics->protocol, rows[i].metrics_grpc ? OTLP_PROTOCOL_GRPC : OTLP_PROTOCOL_HTTP);
        assert_int_equal(traces->protocol, rows[i].traces_grpc ? OTLP_PROTOCOL_GRPC : OTLP_PROTOCOL_HTTP);
        assert_int_equal(complaint.warnings, 0);
    }
    assert_int_equal(
        parse(NULL, (const char *const[]){ENDPOINT "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL=http/json", NULL}), 0);
    assert_string_equal(complaint.warning[0],
                        "OTEL_EXPORTER_OTLP_PROTOCOL=http/json: expected http/protobuf or grpc; ignored");
}

// Each --otlp is a destination; a protocol belongs to the one before it.
static void test_several(void **state)
{
    char *argv[] = {"redstart-collector", "--otlp",          "http://a:1", "--otlp-protocol", "grpc", "--otlp",
                    "http://b:1",         "--otlp=http://c", NULL};
    char *all[] = {"redstart-collector", "--otlp-protocol=grpc",          "--otlp=http://a:1",
                   "--otlp=http://b:1",  "--otlp-protocol=http/protobuf", NULL};
    char *many[] = {"redstart-collector",
                    "--otlp=http://1",
                    "--otlp=http://2",
                    "--otlp=http://3",
                    "--otlp=http://4",
                    "--otlp=http://5",
                    "--otlp=http://6",
                    "--otlp=http://7",
                    "--otlp=http://8",
                    "--otlp=http://9",
                    NULL};
    char *const environment[] = {ENDPOINT "http://e", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip", NULL};
    const struct otlp_destination *destination = options.push.destination;
    assert_int_equal(options_parse(&options, 8, argv, environment, &complaint), 0);
    assert_int_equal(options.push.destinations, 3);
    assert_string_equal(destination[0].endpoint[SELF_SIGNAL_TRACES].url, "http://a:1" GRPC_TRACES);
    assert_string_equal(destination[1].endpoint[SELF_SIGNAL_TRACES].url, "http://b:1/v1/traces");
    assert_string_equal(destination[2].endpoint[SELF_SIGNAL_METRICS].url, "http://c/v1/metrics");
    for (unsigned i = 0; i < 3; i++)
        assert_true(destination[i].endpoint[SELF_SIGNAL_METRICS].gzip);

    assert_int_equal(options_parse(&options, 5, all, environment, &complaint), 0);
    assert_int_equal(destination[0].endpoint[SELF_SIGNAL_TRACES].protocol, OTLP_PROTOCOL_GRPC);
    assert_int_equal(destination[1].endpoint[SELF_SIGNAL_TRACES].protocol, OTLP_PROTOCOL_HTTP);

    assert_int_equal(options_parse(&options, 9, many, environment, &complaint), 0);
    assert_int_equal(options.push.destinations, 8);
    assert_int_equal(options_parse(&options, 10, many, environment, &complaint), -22);
    assert_string_equal(complaint.error, "--otlp http://9: expected at most 8 of them");
}

// As the reader of the file does it: defaults, targets, then the variables.
static int read_file(const struct otlp_target *targets, unsigned n, const char *const *environment)
{
    memset(&options, 0, sizeof(options));
    memset(&complaint, 0, sizeof(complaint));
    setting_defaults(&options);
    memcpy(options.target, targets, n * sizeof(*targets));
    options.targets = n;
    return otlp_destination_read(&options, (char *const *)environment, &complaint);
}

static void test_file(void **state)
{
    const struct otlp_target targets[] = {
        {.where = "f:1", .endpoint = "http://m:1", .signals = 1 << SELF_SIGNAL_METRICS, .compression = "gzip"},
        {.where = "f:2",
         .endpoint = "c:4317",
         .protocol = "grpc",
         .timeout_given = true,
         .timeout_ns = 5,
         .headers = {{"api-key", "100%"}},
         .header_count = 1,
         .tls_file = {"/ca", "/me.pem", "/me.key"}},
    };
    const struct otlp_destination *destination = options.push.destination;
    assert_int_equal(read_file(targets, 2, (const char *const[]){NULL}), 0);
    assert_int_equal(options.push.destinations, 2);
    assert_true(options.otlp);
    assert_string_equal(destination[0].endpoint[SELF_SIGNAL_METRICS].url, "http://m:1/v1/metrics");
    assert_true(destination[0].endpoint[SELF_SIGNAL_METRICS].gzip);
    assert_null(destination[0].endpoint[SELF_SIGNAL_TRACES].url);
    const struct otlp_endpoint *second = &destination[1].endpoint[SELF_SIGNAL_TRACES];
    assert_string_equal(second->url, "https://c:4317" GRPC_TRACES);
    assert_int_equal(second->timeout_ns, 5);
    assert_string_equal(second->headers[0], "api-key: 100%");
    assert_null(second->headers[1]);
    assert_string_equal(second->tls_file[OTLP_TLS_KEY], "/me.key");

    // A variable wins, in each thing that it says; one signal's endpoint takes that signal away from the file's.
    assert_int_equal(read_file(targets, 2,
                               (const char *const[]){"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://t:1/in",
                                                     "OTEL_EXPORTER_OTLP_HEADERS=a=b",
                                                     "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT=7", NULL}),
                     0);
    assert_int_equal(options.push.destinations, 3);
    assert_string_equal(destination[0].endpoint[SELF_SIGNAL_TRACES].url, "http://t:1/in");
    assert_null(destination[0].endpoint[SELF_SIGNAL_METRICS].url);
    assert_non_null(destination[1].endpoint[SELF_SIGNAL_METRICS].url);
    assert_null(destination[2].endpoint[SELF_SIGNAL_TRACES].url);
    assert_string_equal(destination[2].endpoint[SELF_SIGNAL_METRICS].headers[0], "a: b");
    assert_true(destination[2].endpoint[SELF_SIGNAL_METRICS].timeout_ns == 7000000);
    assert_int_equal(read_file(targets, 2, (const char *const[]){"OTEL_METRICS_EXPORTER=none", NULL}), 0);
    assert_int_equal(options.push.destinations, 1);
    assert_int_equal(read_file(targets, 2, (const char *const[]){"OTEL_TRACES_EXPORTER=otlp", NULL}), 0);
    assert_int_equal(options.push.destinations, 2);
    assert_int_equal(read_file(targets, 2, (const char *const[]){"OTEL_SDK_DISABLED=true", NULL}), 0);
    assert_false(options.otlp);
}

static void test_bad_file(void **state)
{
    static const struct {
        struct otlp_target target;
        const char *error;
    } rows[] = {
        {{.where = "f:1", .endpoint = "c:1"}, "f:1: endpoint c:1: expected a URL such as http://localhost:4318"},
        {{.where = "f:2", .endpoint = "http://c", .protocol = "http/json"},
         "f:2: protocol http/json: expected http/protobuf or grpc"},
        {{.where = "f:3", .endpoint = "http://c", .compression = "zstd"},
         "f:3: compression zstd: expected gzip or none"},
        {{.where = "f:4", .endpoint = "http://c", .headers = {{"a b", "c"}}, .header_count = 1},
         "f:4: headers: item 1 is no HTTP header of at most 2047 bytes"},
        {{.where = "f:5", .endpoint = "https://c", .tls_file = {NULL, "/me.pem"}},
         "f:5: expected client_certificate and client_key, both or none"},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(read_file(&rows[i].target, 1, (const char *const[]){NULL}), -22);
        assert_string_equal(complaint.error, rows[i].error);
    }
}

static void test_certificates(void **state)
{
    const char *const environment[] = {ENDPOINT "https://c",
                                       "OTEL_EXPORTER_OTLP_CERTIFICATE=/ca.pem",
                                       "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE=/traces-ca.pem",
                                       "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/me.pem",
                                       "OTEL_EXPORTER_OTLP_CLIENT_KEY=/me.key",
                                       NULL};
    const char *const half[] = {ENDPOINT "https://c", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY=/me.key", NULL};
    assert_int_equal(parse(NULL, environment), 0);
    for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++) {
        const char *const *file = options.push.destination[0].endpoint[signal].tls_file;
        assert_string_equal(file[OTLP_TLS_CA], signal == SELF_SIGNAL_TRACES ? "/traces-ca.pem" : "/ca.pem");
        assert_string_equal(file[OTLP_TLS_CERTIFICATE], "/me.pem");
        assert_string_equal(file[OTLP_TLS_KEY], "/me.key");
    }
    assert_int_equal(parse(NULL, half), 0);
    assert_null(options.push.destination[0].endpoint[SELF_SIGNAL_TRACES].tls_file[OTLP_TLS_KEY]);
    assert_string_equal(complaint.warning[0], "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: expected "
                                              "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE beside it; ignored");
}

static void test_headers(void **state)
{
    const char *const environment[] = {"OTEL_EXPORTER_OTLP_ENDPOINT=http://c",
                                       "OTEL_EXPORTER_OTLP_HEADERS=Authorization=Basic%20a%3D, x-id = 7",
                                       "OTEL_EXPORTER_OTLP_METRICS_HEADERS=only=metrics,bad,evil=%0d%0aX: 1", NULL};
    assert_int_equal(parse(NULL, environment), 0);
    assert_string_equal(options.push.destination[0].endpoint[SELF_SIGNAL_TRACES].headers[0], "Authorization: Basic a=");
    assert_string_equal(options.push.destination[0].endpoint[SELF_SIGNAL_TRACES].headers[1], "x-id: 7");
    assert_null(options.push.destination[0].endpoint[SELF_SIGNAL_TRACES].headers[2]);
    assert_string_equal(options.push.destination[0].endpoint[SELF_SIGNAL_METRICS].headers[0],
                        "only: metrics"); // instead, not beside
    assert_null(options.push.destination[0].endpoint[SELF_SIGNAL_METRICS].headers[1]);
    assert_int_equal(complaint.warnings, 2);
    assert_null(strstr(complaint.warning[1], "X: 1")); // a header's value may be a secret
}

static void test_resource(void **state)
{
    const char *const good[] = {"OTEL_RESOURCE_ATTRIBUTES=service.name=shop,deployment.environment.name=a%2Cb, k = v",
                                NULL};
    assert_int_equal(parse(NULL, good), 0);
    assert_string_equal(options.service_name, "shop");
    assert_string_equal(options.push.resource[0].key, "deployment.environment.name");
    assert_string_equal(options.push.resource[0].value, "a,b");
    assert_string_equal(options.push.resource[1].key, "k");
    assert_string_equal(options.push.resource[1].value, "v");
    assert_null(options.push.resource[2].key);

    const char *const bad[] = {"OTEL_RESOURCE_ATTRIBUTES=a=b,c=%zz", "OTEL_SERVICE_NAME=s", NULL};
    assert_int_equal(parse(NULL, bad), 0);
    assert_null(options.push.resource[0].key); // one mistake discards all of it
    assert_string_equal(options.service_name, "s");
    assert_int_equal(complaint.warnings, 1);
}

static void test_numbers(void **state)
{
    const char *const defaults[] = {NULL};
    assert_int_equal(parse("http://c", defaults), 0);
    assert_true(options.push.destination[0].endpoint[SELF_SIGNAL_TRACES].timeout_ns == 10000000000);
    assert_true(options.push.metric_interval_ns == 60000000000);
    assert_true(options.push.batch_delay_ns == 5000000000);
    assert_true(options.push.give_up_ns[SELF_SIGNAL_TRACES] == 300000000000);
    assert_int_equal(options.push.queue_max, 2048);
    assert_int_equal(options.push.batch_max, 512);
    assert_false(options.push.destination[0].endpoint[SELF_SIGNAL_TRACES].gzip ||
                 options.push.destination[0].endpoint[SELF_SIGNAL_METRICS].gzip);

    const char *const set[] = {"OTEL_EXPORTER_OTLP_TIMEOUT=250",
                               "OTEL_METRIC_EXPORT_INTERVAL=1000",
                               "OTEL_BSP_SCHEDULE_DELAY=10",
                               "OTEL_BSP_MAX_QUEUE_SIZE=64",
                               "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=128",
                               "OTEL_EXPORTER_OTLP_COMPRESSION=GZIP",
                               "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=none",
                               "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT=9",
                               NULL};
    assert_int_equal(parse("http://c", set), 0);
    assert_true(options.push.destination[0].endpoint[SELF_SIGNAL_TRACES].timeout_ns == 250000000);
    assert_true(options.push.destination[0].endpoint[SELF_SIGNAL_METRICS].timeout_ns == 9000000);
    assert_true(options.push.metric_interval_ns == 1000000000);
    assert_true(options.push.batch_delay_ns == 10000000);
    assert_int_equal(options.push.queue_max, 64);
    assert_int_equal(options.push.batch_max, 64); // never more than the queue
    assert_true(options.push.destination[0].endpoint[SELF_SIGNAL_TRACES].gzip);
    assert_false(options.push.destination[0].endpoint[SELF_SIGNAL_METRICS].gzip);

    const char *const bad[] = {"OTEL_METRIC_EXPORT_INTERVAL=-5", "OTEL_EXPORTER_OTLP_COMPRESSION=zip", NULL};
    assert_int_equal(parse("http://c", bad), 0);
    assert_true(options.push.metric_interval_ns == 60000000000);
    assert_int_not_equal(complaint.warnings, 0);
}

static void test_metrics(void **state)
{
    const char *const changed[] = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=Delta",
                                   "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=base2_exponential_bucket_"
                                   "histogram",
                                   "OTEL_METRICS_EXEMPLAR_FILTER=always_off", NULL};
    const char *const bad[] = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=x", NULL};
    assert_int_equal(parse(NULL, (const char *const[]){NULL}), 0);
    assert_int_equal(options.push.temporality, OTLP_TEMPORALITY_CUMULATIVE);
    assert_true(!options.push.exponential && options.push.exemplars);
    assert_int_equal(parse(NULL, changed), 0);
    assert_int_equal(options.push.temporality, OTLP_TEMPORALITY_DELTA);
    assert_true(options.push.exponential && !options.push.exemplars);
    assert_int_equal(parse(NULL, bad), 0);
    assert_int_equal(options.push.temporality, OTLP_TEMPORALITY_CUMULATIVE);
    assert_string_equal(complaint.warning[0], "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=x: expected "
                                              "cumulative, delta or lowmemory; ignored");
}

static void test_samplers(void **state)
{
    static const struct {
        const char *environment[3];
        bool follow_parent;
        double ratio;
        unsigned warnings;
    } rows[] = {
        {{NULL}, true, 1, 0},
        {{"OTEL_TRACES_SAMPLER=always_off"}, false, 0, 0},
        {{"OTEL_TRACES_SAMPLER=Always_On"}, false, 1, 0},
        {{"OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.25"}, false, 0.25, 0},
        {{"OTEL_TRACES_SAMPLER=parentbased_traceidratio"}, true, 1, 0},
        {{"OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=2"}, false, 1, 1},
        {{"OTEL_TRACES_SAMPLER=jaeger_remote"}, true, 1, 1},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(parse(NULL, rows[i].environment), 0);
        assert_int_equal(options.sampler.follow_parent, rows[i].follow_parent);
        assert_true(options.sampler.ratio == rows[i].ratio);
        assert_int_equal(complaint.warnings, rows[i].warnings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),      cmocka_unit_test(test_refused),      cmocka_unit_test(test_headers),
        cmocka_unit_test(test_resource),  cmocka_unit_test(test_numbers),      cmocka_unit_test(test_samplers),
        cmocka_unit_test(test_several),   cmocka_unit_test(test_file),         cmocka_unit_test(test_bad_file),
        cmocka_unit_test(test_protocols), cmocka_unit_test(test_certificates), cmocka_unit_test(test_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
