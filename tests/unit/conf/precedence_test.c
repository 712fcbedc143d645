// Option over variable over file over default, value by value; and every environment variable of a setting once.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/conf/options.h"

static struct collector_options options;
static struct complaint complaint;
static char config_path[64];

static void config_write(const char *text)
{
    FILE *file = fopen(config_path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void parse(const char *config, const char *const *variables, const char *option)
{
    char *argv[] = {"redstart-collector", "--config", config_path, (char *)option, NULL};
    static char *const none[] = {NULL};
    options_release(&options);
    config_write(config ? config : "");
    assert_int_equal(
        options_parse(&options, option ? 4 : 3, argv, variables ? (char *const *)variables : none, &complaint), 0);
    assert_int_equal(complaint.warnings, 0);
}

static void assert_setting(enum setting setting, const char *expected, enum setting_layer layer)
{
    char text[SETTING_TEXT_SIZE];
    setting_write(&options, setting, text);
    assert_string_equal(text, expected);
    assert_int_equal(options.origin[setting].layer, layer);
}

#define VARIABLES(...) ((const char *const[]){__VA_ARGS__, NULL})

// Each setting with a default, a file's, a variable's and an option's value; NULL where there is no such way.
static const struct layers {
    enum setting setting;
    const char *initial, *config, *in_file, *variable, *of_variable, *option, *of_option;
} layers[] = {
    {SETTING_LOG_LEVEL, "info", "log: {level: warn}", "warn", "OTEL_LOG_LEVEL=error", "error", "--log-level=debug",
     "debug"},
    {SETTING_LOG_FORMAT, "text", "log: {format: json}", "json", NULL, NULL, "--log-format=text", "text"},
    {SETTING_SERVICE_NAME, "", "service: {name: f}", "f", "OTEL_SERVICE_NAME=v", "v", "--service-name=o", "o"},
    {SETTING_PROPAGATORS, "tracecontext", "propagators: b3", "b3", "OTEL_PROPAGATORS=none", "none",
     "--propagators=b3,tracecontext", "b3,tracecontext"},
    {SETTING_KNOWN_METHODS, "", "http: {known_methods: [GET, PUT]}", "GET,PUT",
     "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS=GET,POST,PURGE,PROPFIND,MKCALENDAR", "GET,POST,PURGE,PROPFIND,MKCALENDAR",
     NULL, NULL},
    {SETTING_TRACES_PRINT, "text", "traces: {print: json}", "json", "BEYLA_TRACE_PRINTER=text", "text",
     "--print-traces=json", "json"},
    {SETTING_TRACES_SAMPLER, "parentbased_always_on", "traces: {sampler: always_off}", "always_off",
     "OTEL_TRACES_SAMPLER=traceidratio", "traceidratio", NULL, NULL},
    {SETTING_TRACES_SAMPLER_ARG, "1", "traces: {sampler_arg: 0.5}", "0.5", "OTEL_TRACES_SAMPLER_ARG=0.25", "0.25", NULL,
     NULL},
    {SETTING_TRACES_DELAY, "5s", "traces: {batch: {schedule_delay: 1m}}", "1m", "OTEL_BSP_SCHEDULE_DELAY=250", "250ms",
     NULL, NULL},
    {SETTING_TRACES_QUEUE, "2048", "traces: {batch: {max_queue_size: 4000}}", "4000", "OTEL_BSP_MAX_QUEUE_SIZE=5000",
     "5000", NULL, NULL},
    {SETTING_TRACES_BATCH, "512", "traces: {batch: {max_export_batch_size: 9}}", "9",
     "OTEL_BSP_MAX_EXPORT_BATCH_SIZE=8", "8", NULL, NULL},
    {SETTING_TRACES_TIMEOUT, "5m", "traces: {batch: {export_timeout: 1m}}", "1m", "OTEL_BSP_EXPORT_TIMEOUT=30000",
     "30s", NULL, NULL},
    {SETTING_METRICS_TIMEOUT, "5m", "metrics: {export_timeout: 1m}", "1m", "OTEL_METRIC_EXPORT_TIMEOUT=30000", "30s",
     NULL, NULL},
    {SETTING_METRICS_INTERVAL, "1m", "metrics: {interval: 10s}", "10s", "OTEL_METRIC_EXPORT_INTERVAL=1500", "1s500ms",
     NULL, NULL},
    {SETTING_METRICS_TEMPORALITY, "cumulative", "metrics: {temporality: delta}", "delta",
     "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=lowmemory", "lowmemory", NULL, NULL},
    {SETTING_METRICS_HISTOGRAM, "explicit_bucket_histogram", "metrics: {histogram: base2_exponential_bucket_histogram}",
     "base2_exponential_bucket_histogram",
     "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=explicit_bucket_histogram", "explicit_bucket_histogram",
     NULL, NULL},
    {SETTING_METRICS_BUCKETS_DURATION, "5ms,10ms,25ms,50ms,75ms,100ms,250ms,500ms,750ms,1s,2s500ms,5s,7s500ms,10s",
     "metrics: {buckets: {duration: [1ms, 2ms500us, 1s]}}", "1ms,2ms500us,1s", NULL, NULL, NULL, NULL},
    {SETTING_METRICS_BUCKETS_SIZE, "0,32,64,128,256,512,1024,2048,4096,8192,32768,131072,524288,1048576",
     "metrics: {buckets: {size: [1000, 1000000]}}", "1000,1000000", NULL, NULL, NULL, NULL},
    {SETTING_METRICS_EXEMPLARS, "trace_based", "metrics: {exemplars: always_off}", "always_off",
     "OTEL_METRICS_EXEMPLAR_FILTER=trace_based", "trace_based", NULL, NULL},
    {SETTING_METRICS_SERIES_MAX, "2000", "metrics: {series_max: 10}", "10", NULL, NULL, "--series-max=20", "20"},
    {SETTING_METRICS_SERIES_TTL, "5m", "metrics: {series_ttl: 1h}", "1h", NULL, NULL, "--series-ttl=90", "1m30s"},
    {SETTING_PROMETHEUS_LISTEN, "", "prometheus: {listen: '127.0.0.1:1'}", "127.0.0.1:1", "BEYLA_PROMETHEUS_PORT=2",
     ":2", "--prometheus=3", "localhost:3"},
    {SETTING_PROMETHEUS_PATH, "/metrics", "prometheus: {path: /f}", "/f", "BEYLA_PROMETHEUS_PATH=/v", "/v", NULL, NULL},
    {SETTING_ROUTES_UNMATCHED, "unset", "routes: {unmatched: path}", "path", NULL, NULL, "--routes=heuristic",
     "heuristic"},
    {SETTING_ROUTES_VALUES, "50", "routes: {values_per_segment: 9}", "9", NULL, NULL, NULL, NULL},
    {SETTING_METRICS_NAMES, "otel", "metrics: {names: beyla1}", "beyla1", NULL, NULL, "--metric-names=otel", "otel"},
    {SETTING_SELF_INSTRUMENTED_METRICS, "keep", "self_instrumented: {metrics: mute}", "mute", NULL, NULL,
     "--self-instrumented-metrics=keep", "keep"},
    {SETTING_SELF_INSTRUMENTED_TRACES, "keep", "self_instrumented: {traces: mute}", "mute", NULL, NULL,
     "--self-instrumented-traces=keep", "keep"},
    {SETTING_PROMETHEUS_WEB_CONFIG, "", "prometheus: {listen: 1, web_config: f}", "f", NULL, NULL, "--web-config=o",
     "o"},
};

static void test_layers(void **state)
{
    for (unsigned i = 0; i < array_size(layers); i++) {
        enum setting setting = layers[i].setting;
        const char *const *variables = layers[i].variable ? VARIABLES(layers[i].variable) : NULL;
        parse(NULL, NULL, NULL);
        assert_setting(setting, layers[i].initial, SETTING_DEFAULT);
        parse(layers[i].config, NULL, NULL);
        assert_setting(setting, layers[i].in_file, SETTING_FILE);
        assert_int_equal(options.origin[setting].line, 1);
        if (variables) {
            parse(layers[i].config, variables, NULL);
            assert_setting(setting, layers[i].of_variable, SETTING_VARIABLE);
        }
        if (layers[i].option) {
            parse(layers[i].config, variables, layers[i].option);
            assert_setting(setting, layers[i].of_option, SETTING_OPTION);
        }
    }
}

// All that a variable can say which the layers above do not show.
static const struct {
    const char *variables[4];
    enum setting setting;
    const char *expected;
} said[] = {
    {{"BEYLA_LOG_LEVEL=warn"}, SETTING_LOG_LEVEL, "warn"},
    {{"OTEL_EBPF_LOG_LEVEL=DEBUG"}, SETTING_LOG_LEVEL, "debug"},
    {{"BEYLA_SERVICE_NAME=b"}, SETTING_SERVICE_NAME, "b"},
    {{"OTEL_EBPF_SERVICE_NAME=e"}, SETTING_SERVICE_NAME, "e"},
    {{"OTEL_RESOURCE_ATTRIBUTES=a=b,service.name=r"}, SETTING_SERVICE_NAME, "r"},
    {{"OTEL_RESOURCE_ATTRIBUTES=service.name=r", "OTEL_SERVICE_NAME=s"}, SETTING_SERVICE_NAME, "s"},
    {{"OTEL_SERVICE_NAME=s", "BEYLA_SERVICE_NAME=b"}, SETTING_SERVICE_NAME, "s"},
    {{"BEYLA_PRINT_TRACES=true", "BEYLA_PROMETHEUS_PORT=1"}, SETTING_TRACES_PRINT, "text"},
    {{"OTEL_EBPF_PRINT_TRACES=1", "OTEL_EBPF_PROMETHEUS_PORT=1"}, SETTING_TRACES_PRINT, "text"},
    {{"PRINT_TRACES=T"}, SETTING_TRACES_PRINT, "text"},
    {{"BEYLA_TRACE_PRINTER=json"}, SETTING_TRACES_PRINT, "json"},
    {{"OTEL_EBPF_TRACE_PRINTER=text"}, SETTING_TRACES_PRINT, "text"},
    {{"BEYLA_TRACE_PRINTER=disabled", "BEYLA_PROMETHEUS_PORT=1"}, SETTING_TRACES_PRINT, "none"},
    {{"OTEL_TRACES_EXPORTER=console", "BEYLA_PROMETHEUS_PORT=1"}, SETTING_TRACES_PRINT, "text"},
    {{"OTEL_EBPF_PROMETHEUS_PORT=9"}, SETTING_PROMETHEUS_LISTEN, ":9"},
    {{"BEYLA_PROMETHEUS_PORT=0"}, SETTING_PROMETHEUS_LISTEN, ""},
    {{"OTEL_METRICS_EXPORTER=prometheus"}, SETTING_PROMETHEUS_LISTEN, "localhost:9464"},
    {{"OTEL_METRICS_EXPORTER=otlp,prometheus", "OTEL_EXPORTER_PROMETHEUS_HOST=::1", "OTEL_EXPORTER_PROMETHEUS_PORT=5"},
     SETTING_PROMETHEUS_LISTEN,
     "[::1]:5"},
    {{"OTEL_METRICS_EXPORTER=prometheus", "OTEL_EXPORTER_PROMETHEUS_HOST=0.0.0.0"}, SETTING_PROMETHEUS_LISTEN, ":9464"},
    {{"OTEL_EBPF_PROMETHEUS_PATH=/m"}, SETTING_PROMETHEUS_PATH, "/m"},
    {{"OTEL_LOG_LEVEL="}, SETTING_LOG_LEVEL, "info"}, // empty: as if it were not there
};

static void test_every_variable(void **state)
{
    for (unsigned i = 0; i < array_size(said); i++) {
        parse(NULL, said[i].variables, NULL);
        char text[SETTING_TEXT_SIZE];
        setting_write(&options, said[i].setting, text);
        assert_string_equal(text, said[i].expected);
    }
}

static bool is_of(const char *assignment, const char *name, size_t n)
{
    return assignment && strncmp(assignment, name, n) == 0 && assignment[n] == '=';
}

// The two tables have each setting, and each variable that the schema knows.
static void test_complete(void **state)
{
    for (unsigned setting = 0; setting < SETTING_MAX; setting++) {
        bool found = false;
        for (unsigned i = 0; i < array_size(layers); i++)
            found |= layers[i].setting == setting;
        if (!found)
            fail_msg("%s has no row", schema[setting].path);
        const char *names = schema[setting].variables ? schema[setting].variables : "";
        for (size_t n; *names; names += n + (names[n] == ' ')) {
            n = strcspn(names, " ");
            found = false;
            for (unsigned i = 0; i < array_size(layers); i++)
                found |= is_of(layers[i].variable, names, n);
            for (unsigned i = 0; i < array_size(said); i++)
                for (unsigned j = 0; j < array_size(said[i].variables); j++)
                    found |= is_of(said[i].variables[j], names, n);
            if (!found)
                fail_msg("%.*s is not tried", (int)n, names);
        }
    }
}

// A bad variable is warned about, and the layer below holds.
static void test_bad_variables(void **state)
{
    static const struct {
        const char *variable, *warning;
    } rows[] = {
        {"OTEL_LOG_LEVEL=loud", "OTEL_LOG_LEVEL=loud: expected error, warn, info or debug; ignored"},
        {"OTEL_TRACES_SAMPLER=x", "OTEL_TRACES_SAMPLER=x: expected parentbased_always_on, parentbased_always_off, "
                                  "parentbased_traceidratio, always_on, always_off or traceidratio; ignored"},
        {"OTEL_TRACES_SAMPLER_ARG=2", "OTEL_TRACES_SAMPLER_ARG=2: expected a number from 0 to 1; ignored"},
        {"OTEL_BSP_SCHEDULE_DELAY=x", "OTEL_BSP_SCHEDULE_DELAY=x: expected milliseconds from 0 to 3600000; ignored"},
        {"OTEL_BSP_MAX_QUEUE_SIZE=0", "OTEL_BSP_MAX_QUEUE_SIZE=0: expected a number from 1 to 65536; ignored"},
        {"OTEL_METRIC_EXPORT_INTERVAL=0",
         "OTEL_METRIC_EXPORT_INTERVAL=0: expected milliseconds from 1 to 86400000; ignored"},
        {"OTEL_EBPF_PRINT_TRACES=2", "OTEL_EBPF_PRINT_TRACES=2: expected true or false; ignored"},
        {"BEYLA_TRACE_PRINTER=counter", "BEYLA_TRACE_PRINTER=counter: expected text, json or disabled; ignored"},
        {"BEYLA_PROMETHEUS_PORT=x", "BEYLA_PROMETHEUS_PORT=x: expected a port from 1 to 65535, or 0 for none; ignored"},
        {"BEYLA_PROMETHEUS_PATH=m", "BEYLA_PROMETHEUS_PATH=m: expected a path that starts with /; ignored"},
        {"OTEL_METRICS_EXEMPLAR_FILTER=x",
         "OTEL_METRICS_EXEMPLAR_FILTER=x: expected always_off or trace_based; ignored"},
    };
    char *argv[] = {"redstart-collector", NULL};
    for (unsigned i = 0; i < array_size(rows); i++) {
        options_release(&options);
        assert_int_equal(options_parse(&options, 1, argv, (char *const *)VARIABLES(rows[i].variable), &complaint), 0);
        assert_int_equal(complaint.warnings, 1);
        assert_string_equal(complaint.warning[0], rows[i].warning);
        assert_int_equal(options.log_level, LOG_LEVEL_INFO);
    }
}

// Resource attributes of file and variable are added up, key by key; destinations of the command line stand alone.
static void test_lists(void **state)
{
    parse("service: {attributes: {a: f, b: f}}\n", VARIABLES("OTEL_RESOURCE_ATTRIBUTES=b=v,c=v"), NULL);
    const struct resource_attribute *attributes = options.push.resource;
    assert_string_equal(attributes[0].value, "f");
    assert_string_equal(attributes[1].key, "b");
    assert_string_equal(attributes[1].value, "v");
    assert_string_equal(attributes[2].key, "c");
    assert_null(attributes[3].key);

    parse("otlp: [{endpoint: 'http://f:1'}, {endpoint: 'http://g:1', signals: traces}]\n", NULL, NULL);
    assert_int_equal(options.push.destinations, 2);
    assert_string_equal(options.push.destination[1].endpoint[SELF_SIGNAL_TRACES].url, "http://g:1/v1/traces");
    assert_null(options.push.destination[1].endpoint[SELF_SIGNAL_METRICS].url);
    parse("otlp: [{endpoint: 'http://f:1'}, {endpoint: 'http://g:1'}]\n", NULL, "--otlp=http://o:1");
    assert_int_equal(options.push.destinations, 1);
    assert_string_equal(options.push.destination[0].endpoint[SELF_SIGNAL_TRACES].url, "http://o:1/v1/traces");
    assert_false(options.print_traces);
}

static void test_config_variable(void **state)
{
    char variable[100], *argv[] = {"redstart-collector", NULL};
    static const char *const names[] = {"BEYLA_CONFIG_PATH", "OTEL_EBPF_CONFIG_PATH"};
    config_write("log: {level: error}\n");
    for (unsigned i = 0; i < array_size(names); i++) {
        snprintf(variable, sizeof variable, "%s=%s", names[i], config_path);
        options_release(&options);
        assert_int_equal(options_parse(&options, 1, argv, (char *const[]){variable, NULL}, &complaint), 0);
        assert_int_equal(options.log_level, LOG_LEVEL_ERROR);
        assert_string_equal(options.config, config_path);
    }
}

static int group_setup(void **state)
{
    snprintf(config_path, sizeof config_path, "/tmp/redstart-precedence.XXXXXX");
    int fd = mkstemp(config_path);
    return fd < 0 || close(fd) < 0 ? -1 : 0;
}

static int group_teardown(void **state)
{
    options_release(&options);
    return unlink(config_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),   cmocka_unit_test(test_every_variable),
        cmocka_unit_test(test_complete), cmocka_unit_test(test_bad_variables),
        cmocka_unit_test(test_lists),    cmocka_unit_test(test_config_variable),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
