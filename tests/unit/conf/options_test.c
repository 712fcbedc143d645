// The collector's command line and variables: what each says, which wins, and what a mistake is answered.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "collector/conf/options.h"

#define ARGUMENTS_MAX 8

static struct collector_options options;
static struct complaint complaint;

static int parse(const char *const *arguments, const char *const *environment)
{
    char *argv[ARGUMENTS_MAX + 2] = {"redstart-collector"};
    int argc = 1;
    for (; arguments && arguments[argc - 1]; argc++)
        argv[argc] = (char *)arguments[argc - 1];
    static char *const empty[] = {NULL};
    return options_parse(&options, argc, argv, environment ? (char *const *)environment : empty, &complaint);
}

#define ARGUMENTS(...)   ((const char *const[]){__VA_ARGS__, NULL})
#define ENVIRONMENT(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_defaults(void **state)
{
    assert_int_equal(parse(NULL, NULL), 0);
    assert_string_equal(options.loader_socket, "/run/redstart/loader.sock");
    assert_true(options.print_traces);
    assert_int_equal(options.trace_format, TEXT_FORMAT_TEXT);
    assert_false(options.prometheus);
    assert_false(options.otlp);
    assert_null(options.service_name);
    assert_true(options.series_ttl_ns == 300000000000);
    assert_int_equal(options.log_level, LOG_LEVEL_INFO);
    assert_int_equal(complaint.warnings, 0);
}

static void test_command_line(void **state)
{
    assert_int_equal(parse(ARGUMENTS("--loader=/x/l.sock", "--print-traces=json", "--prometheus", "[::1]:9464",
                                     "--service-name", "shop", "--series-ttl=0", "--series-max", "50"),
                           NULL),
                     0);
    assert_string_equal(options.loader_socket, "/x/l.sock");
    assert_int_equal(options.series_max, 50);
    assert_int_equal(options.trace_format, TEXT_FORMAT_JSON);
    assert_string_equal(options.prometheus_address, "::1");
    assert_int_equal(options.prometheus_port, 9464);
    assert_string_equal(options.service_name, "shop");
    assert_int_equal(options.series_ttl_ns, 0);

    assert_int_equal(parse(ARGUMENTS("--prometheus", "8999", "--log-level", "DEBUG", "--log-format", "json"), NULL), 0);
    assert_null(options.prometheus_address);
    assert_false(options.print_traces);
    assert_int_equal(options.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(options.log_format, LOG_FORMAT_JSON);
}

static void test_routes(void **state)
{
    assert_int_equal(parse(ARGUMENTS("--route", "/users/{id}", "--route=/static/*", "--ignore-route", "/health",
                                     "--routes=heuristic"),
                           NULL),
                     0);
    assert_int_equal(options.routes.unmatched, ROUTE_UNMATCHED_HEURISTIC);
    assert_int_equal(options.routes.values_per_segment, 50);
    assert_int_equal(options.routes.count, 3);
    const struct route_pattern *patterns = options.routes.patterns;
    assert_string_equal(patterns[0].pattern, "/users/{id}");
    assert_true(patterns[0].incoming && !patterns[0].outgoing && !patterns[0].ignore && !patterns[0].service);
    assert_string_equal(patterns[1].pattern, "/static/*");
    assert_string_equal(patterns[2].pattern, "/health");
    assert_true(patterns[2].incoming && patterns[2].outgoing);
    assert_int_equal(patterns[2].ignore, ROUTE_SIGNAL_METRICS | ROUTE_SIGNAL_TRACES);
    assert_int_equal(parse(NULL, NULL), 0);
    assert_int_equal(options.routes.count, 0);
    assert_int_equal(options.routes.unmatched, ROUTE_UNMATCHED_UNSET);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *arguments[3];
        const char *error;
    } rows[] = {
        {{"--frob"}, "--frob: unknown option or unwanted value; see --help"},
        {{"-q"}, "-q: unknown option; see --help"},
        {{"stray"}, "stray: expected an option; see --help"},
        {{"--help=x"}, "--help=x: unknown option or unwanted value; see --help"},
        {{"--otlp"}, "--otlp: expected a value"},
        {{"--otlp", "ftp://x"}, "--otlp ftp://x: expected a URL such as http://localhost:4318"},
        {{"--print-traces=xml"}, "--print-traces xml: expected none, text or json"},
        {{"--series-ttl", "soon"}, "--series-ttl soon: expected seconds from 0 to 31622400"},
        {{"--series-max", "0"}, "--series-max 0: expected a number from 1 to 100000"},
        {{"--series-max=many"}, "--series-max many: expected a number from 1 to 100000"},
        {{"--routes", "all"}, "--routes all: expected unset, wildcard, path or heuristic"},
        {{"--route", "users"}, "--route users: expected a leading /"},
        {{"--ignore-route", "/a{b"}, "--ignore-route /a{b: expected at most one {name} in a segment"},
        {{"--log-level", "loud"}, "--log-level loud: expected error, warn, info or debug"},
        {{"--otlp-protocol", "smtp"}, "--otlp-protocol smtp: expected http/protobuf or grpc"},
        {{"--service-name", ""}, "--service-name: expected 1 to 127 bytes in one line"},
        {{"--record", ""}, "--record: expected the name of a file"},
        {{"--replay", ""}, "--replay: expected the name of a recording"},
        {{"--replay-metrics"}, "--replay-metrics: only with --replay"},
        {{"--replay=f", "--prometheus=1"},
         "--replay f: prints only, --record, --prometheus and --otlp do not go with it"},
        {{"--replay=f", "--otlp=http://x"},
         "--replay f: prints only, --record, --prometheus and --otlp do not go with it"},
        {{"--replay=f", "--record=g"}, "--replay f: prints only, --record, --prometheus and --otlp do not go with it"},
        {{"--config", ""}, "--config: expected the name of a file"},
        {{"--config-fd", "2"}, "--config-fd 2: expected the number of an open file"},
        {{"--config", "/nonexistent/f.yaml"},
         "/nonexistent/f.yaml: cannot be read: No such file or directory; expected a configuration file, see "
         "redstart.yaml(5)"},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(parse(rows[i].arguments, NULL), -22);
        assert_string_equal(complaint.error, rows[i].error);
    }
}

// No variable changes what a replay gives, but for the name of services.
static void test_replay(void **state)
{
    assert_int_equal(parse(NULL, NULL), 0);
    assert_true(!options.record && !options.replay && !options.replay_metrics);
    assert_int_equal(parse(ARGUMENTS("--record", "a.rec"), NULL), 0);
    assert_string_equal(options.record, "a.rec");

    assert_int_equal(parse(ARGUMENTS("--replay", "-"),
                           ENVIRONMENT("BEYLA_PROMETHEUS_PORT=9400", "OTEL_SERVICE_NAME=o", "BEYLA_TRACE_PRINTER=json",
                                       "OTEL_EXPORTER_OTLP_ENDPOINT=http://x")),
                     0);
    assert_string_equal(options.replay, "-");
    assert_string_equal(options.service_name, "o");
    assert_true(options.print_traces && !options.prometheus && !options.otlp);
    assert_int_equal(options.trace_format, TEXT_FORMAT_TEXT);

    assert_int_equal(parse(ARGUMENTS("--replay=f", "--replay-metrics"), NULL), 0);
    assert_true(options.replay_metrics && !options.print_traces);
    assert_int_equal(parse(ARGUMENTS("--replay=f", "--replay-metrics", "--print-traces=json"), NULL), 0);
    assert_true(options.replay_metrics && options.print_traces);
}

static void test_beyla_variables(void **state)
{
    assert_int_equal(parse(NULL, ENVIRONMENT("BEYLA_PROMETHEUS_PORT=9400", "BEYLA_PROMETHEUS_PATH=/m",
                                             "BEYLA_SERVICE_NAME=b", "BEYLA_LOG_LEVEL=WARN")),
                     0);
    assert_string_equal(options.prometheus_address, ""); // all addresses
    assert_int_equal(options.prometheus_port, 9400);
    assert_string_equal(options.prometheus_path, "/m");
    assert_string_equal(options.service_name, "b");
    assert_int_equal(options.log_level, LOG_LEVEL_WARN);
    assert_false(options.print_traces);

    assert_int_equal(parse(NULL, ENVIRONMENT("PRINT_TRACES=1", "OTEL_EBPF_PROMETHEUS_PORT=1")), 0);
    assert_true(options.print_traces && options.prometheus);
    assert_int_equal(parse(NULL, ENVIRONMENT("OTEL_EBPF_TRACE_PRINTER=json")), 0);
    assert_int_equal(options.trace_format, TEXT_FORMAT_JSON);

    // Option over variable, OTEL_ over BEYLA_.
    assert_int_equal(parse(ARGUMENTS("--prometheus=8999", "--print-traces"),
                           ENVIRONMENT("BEYLA_PROMETHEUS_PORT=9400", "BEYLA_TRACE_PRINTER=json", "OTEL_SERVICE_NAME=o",
                                       "BEYLA_SERVICE_NAME=b")),
                     0);
    assert_int_equal(options.prometheus_port, 8999);
    assert_int_equal(options.trace_format, TEXT_FORMAT_TEXT);
    assert_string_equal(options.service_name, "o");

    // A bad value: a warning, and as if unset. An empty one: as if unset.
    assert_int_equal(
        parse(NULL, ENVIRONMENT("BEYLA_PROMETHEUS_PORT=x", "BEYLA_PRINT_TRACES=maybe", "BEYLA_LOG_LEVEL=")), 0);
    assert_int_equal(complaint.warnings, 2);
    assert_string_equal(complaint.warning[0], "BEYLA_PRINT_TRACES=maybe: expected true or false; ignored");
    assert_false(options.prometheus);

    assert_int_equal(parse(NULL, ENVIRONMENT("OTEL_EBPF_CONFIG_PATH=/f")), -22);
    assert_string_equal(complaint.error, "/f: cannot be read: No such file or directory; expected a configuration "
                                         "file, see redstart.yaml(5)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_command_line), cmocka_unit_test(test_routes),
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_replay),       cmocka_unit_test(test_beyla_variables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
