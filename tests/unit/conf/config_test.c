// redstart.yaml as a whole: what each key comes to, which layer wins, and every message of the validator once.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include "collector/conf/config.h"

static struct collector_options options;
static struct complaint complaint;

static int parse(const char *text)
{
    memset(&complaint, 0, sizeof complaint);
    options_release(&options);
    memset(&options, 0, sizeof options);
    setting_defaults(&options);
    return config_parse(&options, "f", str_from(text), &complaint);
}

static void test_values(void **state)
{
    assert_int_equal(
        parse("log: {level: debug, format: json}\n"
              "service: {name: shop, attributes: {team: a, deployment.environment: b}}\n"
              "propagators: [b3, tracecontext]\n"
              "http: {known_methods: [GET, PURGE]}\n"
              "traces:\n"
              "  print: json\n"
              "  sampler: traceidratio\n"
              "  sampler_arg: 0.25\n"
              "  batch: {schedule_delay: 1s, max_queue_size: 100, max_export_batch_size: 10}\n"
              "metrics:\n"
              "  interval: 10s\n"
              "  temporality: delta\n"
              "  histogram: base2_exponential_bucket_histogram\n"
              "  exemplars: always_off\n"
              "  series_max: 10\n"
              "  series_ttl: 1h\n"
              "prometheus: {listen: '[::1]:9000', path: /m}\n"
              "routes:\n"
              "  incoming: ['/users/{id}']\n"
              "  outgoing: /o/*\n"
              "  ignore: [{pattern: /health, signals: traces}, {pattern: /live}]\n"
              "  unmatched: heuristic\n"
              "  values_per_segment: 7\n"
              "otlp:\n"
              "  - endpoint: http://a:4318\n"
              "  - {endpoint: 'https://b', protocol: grpc, signals: [traces], headers: {a: b}, timeout: 3s,\n"
              "     compression: gzip, certificate: /ca, client_certificate: /c, client_key: /k}\n"),
        0);
    assert_int_equal(options.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(options.log_format, LOG_FORMAT_JSON);
    assert_string_equal(options.service_name, "shop");
    assert_string_equal(options.push.resource[1].key, "deployment.environment");
    assert_string_equal(options.push.resource[1].value, "b");
    assert_null(options.push.resource[2].key);
    assert_int_equal(options.propagators.count, 2);
    assert_int_equal(options.propagators.order[0], PROPAGATOR_B3);
    assert_string_equal(options.known_methods, "GET,PURGE");
    assert_true(options.print_traces);
    assert_int_equal(options.trace_format, TEXT_FORMAT_JSON);
    struct sampler sampler = setting_sampler(options.sampler_name, options.sampler_arg);
    assert_true(!sampler.follow_parent && sampler.ratio == 0.25);
    assert_int_equal(options.push.batch_delay_ns, 1000000000);
    assert_int_equal(options.push.queue_max, 100);
    assert_int_equal(options.push.batch_max, 10);
    assert_int_equal(options.push.metric_interval_ns, 10000000000);
    assert_int_equal(options.push.temporality, OTLP_TEMPORALITY_DELTA);
    assert_true(options.push.exponential && !options.push.exemplars);
    assert_int_equal(options.series_max, 10);
    assert_int_equal(options.series_ttl_ns, 3600000000000);
    assert_string_equal(options.prometheus_address, "::1");
    assert_int_equal(options.prometheus_port, 9000);
    assert_string_equal(options.prometheus_path, "/m");

    assert_int_equal(options.routes.count, 4);
    assert_true(options.routes.patterns[0].incoming && !options.routes.patterns[0].outgoing);
    assert_true(!options.routes.patterns[1].incoming && options.routes.patterns[1].outgoing);
    assert_string_equal(options.routes.patterns[1].pattern, "/o/*");
    assert_int_equal(options.routes.patterns[2].ignore, ROUTE_SIGNAL_TRACES);
    assert_int_equal(options.routes.patterns[3].ignore, ROUTE_SIGNAL_TRACES | ROUTE_SIGNAL_METRICS);
    assert_int_equal(options.routes.unmatched, ROUTE_UNMATCHED_HEURISTIC);
    assert_int_equal(options.routes.values_per_segment, 7);

    assert_int_equal(parse("routes: {incoming: /all}\n"
                           "discovery: {rules: [{exe: a, name: shop, routes: {incoming: [/one], outgoing: /two}}]}\n"),
                     0);
    assert_int_equal(options.routes.count, 3);
    assert_string_equal(options.routes.patterns[0].service, "shop");
    assert_true(options.routes.patterns[0].incoming && options.routes.patterns[1].outgoing);
    assert_string_equal(options.routes.patterns[2].pattern, "/all");
    assert_null(options.routes.patterns[2].service);
}

static void test_destinations(void **state)
{
    assert_int_equal(
        parse("\n\notlp:\n"
              "  - endpoint: http://a:4318\n"
              "  - {endpoint: 'https://b', protocol: grpc, signals: [traces], headers: {a: b}, timeout: 3s,\n"
              "     compression: gzip, certificate: /ca, client_certificate: /c, client_key: /k}\n"),
        0);
    assert_int_equal(options.targets, 2);
    const struct otlp_target *target = &options.target[1];
    assert_string_equal(target->where, "f:5:5");
    assert_string_equal(target->endpoint, "https://b");
    assert_string_equal(target->protocol, "grpc");
    assert_int_equal(target->signals, 1 << SELF_SIGNAL_TRACES);
    assert_string_equal(target->headers[0].name, "a");
    assert_int_equal(target->header_count, 1);
    assert_true(target->timeout_given && target->timeout_ns == 3000000000);
    assert_string_equal(target->compression, "gzip");
    assert_string_equal(target->tls_file[OTLP_TLS_KEY], "/k");
    assert_int_equal(options.target[0].signals, 0);
    assert_string_equal(options.target[0].endpoint, "http://a:4318");
}

// Nothing said: the defaults, whatever way it is not said in.
static void test_nothing(void **state)
{
    static const char *const rows[] = {"", "# nothing\n", "log:\nmetrics: ~\notlp:\nroutes: {incoming: }\n", "log: {}",
                                       "otlp: []\n"};
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(parse(rows[i]), 0);
        assert_int_equal(options.log_level, LOG_LEVEL_INFO);
        assert_int_equal(options.series_max, 2000);
        assert_int_equal(options.series_ttl_ns, 300000000000);
        assert_string_equal(options.prometheus_path, "/metrics");
        assert_int_equal(options.push.queue_max, 2048);
        assert_int_equal(options.targets, 0);
        assert_true(options.push.exemplars);
    }
}

#define DURATION "expected a duration such as 500ms, 60s or 1h30m, from "

static void test_mistakes(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"[1]", "f:1:1: expected a map of keys and values, not a list"},
        {"log: info", "f:1:6: log: expected a map of keys and values, not info"},
        {"log: {level: loud}", "f:1:14: log.level: expected error, warn, info or debug, not loud"},
        {"log: {levle: info}", "f:1:7: log.levle: unknown key; expected level?"},
        {"log: {volume: 3}", "f:1:7: log.volume: unknown key; expected one of level, format"},
        {"otlp: {endpoint: x}", "f:1:7: otlp: expected a list, not a map"},
        {"otlp: [x]", "f:1:8: otlp[0]: expected a map of keys and values, not x"},
        {"otlp: [{protocol: grpc}]", "f:1:8: otlp[0]: expected an endpoint"},
        {"otlp: [{endpoint: h, headers: {a b: c}}]",
         "f:1:32: otlp[0].headers.a b: expected a header's name and a value without control characters"},
        {"otlp: [{endpoint: h, headers: [a]}]",
         "f:1:31: otlp[0].headers: expected a map of keys and texts, not a list"},
        {"otlp: [{endpoint: h, headers: {a: [b]}}]", "f:1:35: otlp[0].headers.a: expected a text, not a list"},
        {"otlp: [{endpoint: h, timeout: 10}]", "f:1:31: otlp[0].timeout: " DURATION "0s to 1h, not 10"},
        {"otlp: [{endpoint: h, signals: [logs]}]", "f:1:32: otlp[0].signals[0]: expected metrics or traces, not logs"},
        {"otlp: [{endpoint: h, signals: [~]}]", "f:1:32: otlp[0].signals[0]: expected metrics or traces, not nothing"},
        {"metrics: {series_max: 0}", "f:1:23: metrics.series_max: expected a number from 1 to 100000, not 0"},
        {"metrics: {series_max: '9'}", "f:1:23: metrics.series_max: expected a number from 1 to 100000, not \"9\""},
        {"metrics: {interval: 0s}", "f:1:21: metrics.interval: " DURATION "1ms to 1d, not 0s"},
        {"traces: {sampler_arg: 2}", "f:1:23: traces.sampler_arg: expected a number from 0 to 1, not 2"},
        {"prometheus: {listen: x:y}", "f:1:22: prometheus.listen: expected PORT (localhost), :PORT (all addresses), "
                                      "ADDR:PORT or [V6]:PORT, with a port from 1 to 65535, not x:y"},
        {"prometheus: {path: m}", "f:1:20: prometheus.path: expected a path that starts with /, not m"},
        {"service: {name: ''}", "f:1:17: service.name: expected 1 to 127 bytes in one line, not \"\""},
        {"routes: {incoming: [x]}", "f:1:21: routes.incoming[0]: expected a leading /, not x"},
        {"discovery: {rules: [{exe: a, routes: {incoming: /a}}]}",
         "f:1:30: discovery.rules[0].routes: expected a name of the service in the same rule"},
        {"routes: {ignore: [{signals: traces}]}", "f:1:19: routes.ignore[0]: expected a pattern"},
        {"discovery: {rules: [{ports: [0]}]}",
         "f:1:30: discovery.rules[0].ports[0]: expected a port from 1 to 65535, or a range such as 9000-9010, not 0"},
        {"discovery: {rules: [{ports: 9-8}]}",
         "f:1:29: discovery.rules[0].ports: expected a port from 1 to 65535, or a range such as 9000-9010, not 9-8"},
        {"discovery: {rules: [{containers_only: yes}]}",
         "f:1:39: discovery.rules[0].containers_only: expected true or false, not yes"},
        // What lies in something unknown is not spoken of; all else is, in the order of the file.
        {"a: {log: {level: loud}}\nlog: {level: loud}\nlog2: 1\n",
         "f:1:1: a: unknown key; expected one of log, service, propagators, http, routes, traces, metrics, "
         "self_instrumented, prometheus, discovery, attributes, otlp\n"
         "f:2:14: log.level: expected error, warn, info or debug, not loud\n"
         "f:3:1: log2: unknown key; expected log?"},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(parse(rows[i].text), -EINVAL);
        assert_string_equal(complaint.error, rows[i].error);
    }
}

static void test_too_many_attributes(void **state)
{
    char text[2048];
    size_t n = (size_t)sprintf(text, "service:\n  attributes:\n");
    for (unsigned i = 1; i <= 64; i++)
        n += (size_t)sprintf(text + n, "    a%u: b\n", i);
    assert_int_equal(parse(text), -EINVAL);
    assert_string_equal(complaint.error, "f:66:5: service.attributes.a64: expected at most 63 attributes");
}

// What rules call services; what they select is loader_conf_test.c's.
static void test_naming(void **state)
{
    assert_int_equal(
        parse("discovery:\n"
              "  rules:\n"
              "    - {ports: [80, 90-99], exe: '*java*', name: shop, namespace: eu, attributes: {team: a, tier: 1}}\n"
              "    - {pid: [7, 8], unit: [u, v*], cgroup: /docker/*, containers_only: true}\n"
              "    - {name: all}\n"),
        0);
    assert_int_equal(options.naming_count, 3);
    const struct naming_rule *rule = options.naming;
    assert_int_equal(rule->port_count, 2);
    assert_true(rule->ports[0].low == 80 && rule->ports[0].high == 80);
    assert_true(rule->ports[1].low == 90 && rule->ports[1].high == 99);
    assert_int_equal(rule->exe_count, 1);
    assert_string_equal(rule->exe[0], "*java*");
    assert_string_equal(rule->name, "shop");
    assert_string_equal(rule->namespace_, "eu");
    assert_int_equal(rule->attribute_count, 2);
    assert_string_equal(rule->attributes[1].key, "tier");
    assert_string_equal(rule->attributes[1].value, "1");
    assert_true(!rule->containers_only && !rule->pids && !rule->units && !rule->cgroups);
    rule++;
    assert_true(rule->pid_count == 2 && rule->pids[1] == 8);
    assert_true(rule->unit_count == 2 && rule->cgroup_count == 1 && rule->containers_only);
    assert_string_equal(rule->units[1], "v*");
    assert_null(rule->name);
    assert_string_equal(rule[1].name, "all");
    assert_true(!rule[1].port_count && !rule[1].exe_count);
}

// Who comes from there is told how to go on, once.
static void test_file_of_beyla(void **state)
{
    static const char hint[] =
        "\nf:1:1: open_port is a key of Beyla's; redstart check --from-beyla FILE prints such a file "
        "as ours";
    assert_int_equal(parse("open_port: 80\nprint_traces: true\n"), -EINVAL);
    size_t n = strlen(complaint.error);
    assert_true(n > sizeof hint);
    assert_string_equal(complaint.error + n - strlen(hint), hint);
}

// Limits that take long texts to reach.
static void test_bounds(void **state)
{
    static char text[200000];
    size_t n = (size_t)sprintf(text, "routes:\n  incoming:\n");
    for (unsigned i = 0; i <= ROUTE_PATTERNS_MAX; i++)
        n += (size_t)sprintf(text + n, "  - /%u\n", i);
    assert_int_equal(parse(text), -EINVAL);
    assert_string_equal(complaint.error, "f:1027:5: routes.incoming[1024]: expected at most 1024 patterns in all");

    n = (size_t)sprintf(text, "otlp:\n");
    for (unsigned i = 0; i <= OTLP_DESTINATIONS_MAX; i++)
        n += (size_t)sprintf(text + n, "- {endpoint: h}\n");
    assert_int_equal(parse(text), -EINVAL);
    assert_string_equal(complaint.error, "f:10:3: otlp[8]: expected at most 8 destinations");

    n = (size_t)sprintf(text, "otlp:\n- endpoint: h\n  headers:\n");
    for (unsigned i = 0; i <= OTLP_HEADERS_MAX; i++)
        n += (size_t)sprintf(text + n, "    h%u: v\n", i);
    assert_int_equal(parse(text), -EINVAL);
    assert_string_equal(complaint.error, "f:19:5: otlp[0].headers.h15: expected at most 15 headers");

    n = (size_t)sprintf(text, "service:\n  attributes:\n");
    for (unsigned i = 0; i < 64; i++)
        n += (size_t)sprintf(text + n, "    k%u: v\n", i);
    assert_int_equal(parse(text), -EINVAL);
    assert_string_equal(complaint.error, "f:66:5: service.attributes.k63: expected at most 63 attributes");

    n = (size_t)sprintf(text, "http:\n  known_methods:\n");
    for (unsigned i = 0; i < 100; i++)
        n += (size_t)sprintf(text + n, "  - METHOD%05u\n", i);
    assert_int_equal(parse(text), -EINVAL);
    assert_string_equal(complaint.error, "f:3:3: http.known_methods: expected a shorter list");
}

static void test_buckets(void **state)
{
    static const char *const wrong[] = {
        "metrics:\n  buckets: {size: [10, 5]}\n",
        "metrics:\n  buckets: {size: [5, 5]}\n",
        "metrics:\n  buckets: {size: [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23]}\n",
        "metrics:\n  buckets: {size: []}\n",
    };
    for (unsigned i = 0; i < array_size(wrong); i++) {
        assert_int_equal(parse(wrong[i]), -EINVAL);
        assert_string_equal(complaint.error,
                            "f:2:19: metrics.buckets.size: expected 1 to 23 bounds, each larger than the one before");
    }
    assert_int_equal(parse("metrics: {buckets: {duration: [1ms, 2s], size: 7}}\n"), 0);
    assert_int_equal(options.bounds_duration.count, 2);
    assert_int_equal(options.bounds_duration.value[0], 1000000);
    assert_int_equal(options.bounds_duration.value[1], 2000000000);
    assert_true(histogram_exported(&options.bounds_duration, 1000000) == 0.001);
    assert_int_equal(options.bounds_size.count, 1);
    assert_int_equal(options.bounds_size.value[0], 7);
}

static void test_attributes(void **state)
{
    assert_int_equal(parse("metrics: {names: beyla1}\n"
                           "attributes:\n"
                           "  select:\n"
                           "    \"http.server.*\": {include: [http.*, url_path], exclude: http.route}\n"
                           "    traces: {exclude: [url.query]}\n"
                           "    other:\n"),
                     0);
    assert_int_equal(options.metric_names, METRIC_NAMES_BEYLA1);
    static const struct attribute_rule expected[] = {
        {"http.server.*", "http.*", false},
        {"http.server.*", "url_path", false},
        {"http.server.*", "http.route", true},
        {"traces", "url.query", true},
    };
    assert_int_equal(options.attributes.count, array_size(expected));
    for (unsigned i = 0; i < array_size(expected); i++) {
        assert_string_equal(options.attributes.rule[i].target, expected[i].target);
        assert_string_equal(options.attributes.rule[i].attribute, expected[i].attribute);
        assert_int_equal(options.attributes.rule[i].exclude, expected[i].exclude);
    }
    assert_int_equal(parse("attributes: {select: {x: {exlude: [a]}}}\n"), -EINVAL);
    assert_string_equal(complaint.error, "f:1:27: attributes.select.x.exlude: unknown key; expected exclude?");
    assert_int_equal(parse("attributes: {select: {x: [a]}}\n"), -EINVAL);
    assert_string_equal(complaint.error, "f:1:26: attributes.select.x: expected a map of keys and values, not a list");
    assert_int_equal(parse("attributes: {select: {x: {include: ['']}}}\n"), -EINVAL);
    assert_int_equal(parse("metrics: {names: beyla2}\n"), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_destinations),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_too_many_attributes),
        cmocka_unit_test(test_file_of_beyla),
        cmocka_unit_test(test_naming),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
