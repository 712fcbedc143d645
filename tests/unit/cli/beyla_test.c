// Files of Beyla's as ours: what each key becomes, what is said of those that have no equivalent, and that our own
// validator takes whatever comes out.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include "collector/cli/beyla.h"
#include "collector/conf/config.h"

#define HEAD   "# redstart.yaml(5), from b\n"
#define MUTE   "self_instrumented:\n  metrics: mute\n  traces: mute\n" // what theirs does unless told otherwise
#define ROUTES MUTE "routes:\n  unmatched: heuristic\n"

static char *out, *notes;
static struct complaint complaint;

static int convert(const char *text, const char *const *environment)
{
    static char *const none[] = {NULL};
    size_t out_size, notes_size;
    free(out);
    free(notes);
    FILE *to = open_memstream(&out, &out_size), *said = open_memstream(&notes, &notes_size);
    assert_true(to && said);
    memset(&complaint, 0, sizeof complaint);
    int r = beyla_convert("b", str_from(text), environment ? (char *const *)environment : none, to, said, &complaint);
    fclose(to);
    fclose(said);
    return r;
}

static void assert_valid(void)
{
    static struct collector_options options;
    memset(&options, 0, sizeof options);
    if (config_parse(&options, "ours", str_from(out), &complaint) < 0)
        fail_msg("%s\nof\n%s", complaint.error, out);
    options_release(&options);
}

static void test_keys(void **state)
{
    static const struct {
        const char *theirs, *ours, *notes;
    } rows[] = {
        {"", HEAD ROUTES, ""},
        {"log_level: WARN", HEAD "log:\n  level: warn\n" ROUTES, ""},
        {"log_level: TRACE", HEAD ROUTES, "b:1:1: log_level: no equivalent; expected error, warn, info or debug\n"},
        {"service_name: a \"b\"\nservice_namespace: n",
         HEAD "service:\n  name: \"a \\\"b\\\"\"\n  attributes: {service.namespace: \"n\"}\n" ROUTES, ""},
        {"open_port: 8080,9000-9010", HEAD "discovery:\n  rules:\n    - ports: [8080, 9000-9010]\n" ROUTES, ""},
        {"open_port: 80\nexecutable_name: ^/bin/x|java",
         HEAD "discovery:\n  rules:\n    - ports: [80]\n      exe: [\"/bin/x*\", \"*/*java*\"]\n" ROUTES, ""},
        {"executable_name: (a)",
         HEAD "# No rule of theirs could be said: as it stands, every process is observed.\n" ROUTES,
         "b:1:1: executable_name: no equivalent; a name or a simple expression (. .* .+ ^ $ |) has one\n"},
        {"auto_target_exe: '*{a,b}'", HEAD "discovery:\n  rules:\n    - exe: [\"*/*a\", \"*/*b\"]\n" ROUTES, ""},
        {"discovery:\n  services:\n    - {open_ports: 80, exe_path: nginx, name: web, namespace: prod}\n",
         HEAD "discovery:\n  rules:\n    - ports: [80]\n      exe: [\"*/*nginx*\"]\n      name: \"web\"\n      "
              "namespace: \"prod\"\n" ROUTES,
         ""},
        {"discovery:\n  instrument:\n    - {exe_path: /opt/*, containers_only: true, target_pids: [1, 2]}\n    - "
         "{exe_path: y, k8s_namespace: z}\n",
         HEAD "discovery:\n  rules:\n    - exe: [\"/opt/*\"]\n      containers_only: true\n      pid: [1, 2]\n" ROUTES,
         "b:4:21: discovery.instrument[1].k8s_namespace: no equivalent; the whole rule is left out\n"},
        {"discovery:\n  exclude_services: [{exe_path: p}]\n  exclude_instrument: [{exe_path: '*/q', name: n}]\n",
         HEAD "discovery:\n  exclude:\n    - exe: [\"*/q\"]\n    - exe: [\"*/*p*\"]\n" ROUTES, ""},
        {"discovery: {poll_interval: 5s}", HEAD ROUTES, "b:1:1: discovery: no equivalent\n"},
        {"discovery: {exclude_otel_instrumented_services: true}", HEAD ROUTES, ""},
        {"discovery:\n  exclude_otel_instrumented_services: false\n  poll_interval: 5s\n",
         HEAD "self_instrumented:\n  metrics: keep\n  traces: keep\nroutes:\n  unmatched: heuristic\n",
         "b:3:3: discovery.poll_interval: no equivalent\n"},
        {"discovery: {exclude_otel_instrumented_services: [x]}", HEAD ROUTES,
         "b:1:13: discovery.exclude_otel_instrumented_services: no equivalent; expected true or false\n"},
        {"routes:\n  patterns: [/u/:id, x]\n  ignored_patterns: [/health]\n  ignore_mode: traces\n  unmatched: path\n  "
         "wildcard_char: '#'\n  max_path_segment_cardinality: 9\n",
         HEAD MUTE
         "routes:\n  unmatched: path\n  values_per_segment: 9\n  incoming:\n    - \"/u/:id\"\n  outgoing:\n    - "
         "\"/u/:id\"\n  ignore:\n    - pattern: \"/health\"\n      signals: [traces]\n",
         "b:2:22: routes.patterns[1]: no equivalent: expected a leading /\nb:6:3: routes.wildcard_char: no "
         "equivalent\n"},
        {"filter: {application: {url_path: {not_match: /health}}}",
         HEAD ROUTES "  ignore:\n    - pattern: \"/health\"\n      signals: [metrics, traces]\n", ""},
        {"filter: {application: {url.path: {not_match: '/internal/*', match: '/*'}}}\nroutes: {ignored_patterns: [/r]}",
         HEAD ROUTES
         "  ignore:\n    - pattern: \"/r\"\n      signals: [metrics, traces]\n    - pattern: \"/internal/*\"\n"
         "      signals: [metrics, traces]\n",
         "b:1:61: filter.application.url.path.match: no equivalent\n"},
        {"filter: {application: {url_path: {not_match: '/he*'}}}", HEAD ROUTES, "b:1:1: filter: no equivalent\n"},
        {"filter: {application: {url_path: {not_match: [/a]}}}", HEAD ROUTES, "b:1:1: filter: no equivalent\n"},
        {"print_traces: true", HEAD ROUTES "traces:\n  print: text\n", ""},
        {"print_traces: false\ntrace_printer: json_indent", HEAD ROUTES "traces:\n  print: json\n", ""},
        {"trace_printer: counter", HEAD ROUTES, "b:1:1: trace_printer: no equivalent\n"},
        {"prometheus_export: {port: 8999, path: /m, ttl: 1m, features: [application]}",
         HEAD ROUTES "metrics:\n  series_ttl: 1m\nprometheus:\n  listen: \":8999\"\n  path: \"/m\"\n",
         "b:1:52: prometheus_export.features: no equivalent\n"},
        {"otel_metrics_export: {endpoint: http://c:4318, interval: 5s, histogram_aggregation: "
         "explicit_bucket_histogram}\notel_traces_export: {endpoint: http://c:4318}\n",
         HEAD ROUTES "metrics:\n  interval: 5s\n  histogram: explicit_bucket_histogram\notlp:\n  - endpoint: "
                     "\"http://c:4318\"\n    protocol: http/protobuf\n    signals: [metrics, traces]\n",
         ""},
        {"otel_metrics_export: {endpoint: http://c:4318/v1/metrics, protocol: http/json}\notel_traces_export: "
         "{endpoint: http://t:4317, sampler: {name: always_off, arg: 2}, max_queue_size: 9}\n",
         HEAD ROUTES "traces:\n  sampler: always_off\n  batch:\n    max_queue_size: 9\notlp:\n  - endpoint: "
                     "\"http://c:4318\"\n    protocol: http/protobuf\n    signals: [metrics]\n  - endpoint: "
                     "\"http://t:4317\"\n    protocol: grpc\n    signals: [traces]\n",
         "b:2:75: otel_traces_export.sampler.arg: no equivalent; expected a number from 0 to 1\n"
         "b:1:59: otel_metrics_export.protocol: no equivalent; http/protobuf is taken\n"},
        {"attributes:\n  select:\n    http_server_request_duration: {include: ['*', url.path], exclude: "
         "[server_port]}\n"
         "    traces: {exclude: [http.*, [x]]}\n    y: {}\n  instance_id: {dns: true}\n",
         HEAD ROUTES
         "attributes:\n  select:\n    \"http_server_request_duration\":\n      include: [\"*\", \"url.path\"]\n"
         "      exclude: [\"server_port\"]\n    \"traces\":\n      exclude: [\"http.*\"]\n",
         "b:4:32: attributes.select.traces.exclude[1]: no equivalent\nb:5:5: attributes.select.y: no equivalent\n"
         "b:6:3: attributes.instance_id: no equivalent\n"},
        {"service_namespace: [x]\ndiscovery: {services: [{open_ports: 80, sampler: {name: always_on}}]}\n"
         "otel_metrics_export: {endpoint: \"not a url\", ttl: 1m}\nprometheus_export: {port: 70000, path: m, ttl: 2m}\n"
         "routes: {ignore_mode: none, unmatched: guess, max_path_segment_cardinality: 0}\n",
         HEAD "discovery:\n  rules:\n    - ports: [80]\n" ROUTES "metrics:\n  series_ttl: 2m\n",
         "b:1:1: service_namespace: no equivalent; expected at most 127 bytes in one line\n"
         "b:2:41: discovery.services[0].sampler: no equivalent of its own for a rule\n"
         "b:5:29: routes.unmatched: no equivalent; heuristic is taken\n"
         "b:5:47: routes.max_path_segment_cardinality: no equivalent; expected a number from 1 to 1000\n"
         "b:5:10: routes.ignore_mode: no equivalent; expected all, metrics or traces\n"
         "b:3:46: otel_metrics_export.ttl: no equivalent of its own; the one of prometheus_export holds\n"
         "b:4:21: prometheus_export.port: no equivalent; expected a port from 1 to 65535\n"
         "b:4:34: prometheus_export.path: no equivalent; expected a path that starts with /\n"
         "b:3:23: otel_metrics_export.endpoint: no equivalent; expected a URL such as http://localhost:4318\n"},
        {"ebpf: {wakeup_len: 10}\nnetwork: {enable: true}\nattributes: {kubernetes: {enable: true}}\nfilter: "
         "{application: {url_path: {match: x}}}\n",
         HEAD ROUTES,
         "b:1:1: ebpf: no equivalent\nb:2:1: network: no equivalent\nb:3:1: attributes: no equivalent\nb:4:1: filter: "
         "no equivalent\n"},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(convert(rows[i].theirs, NULL), 0);
        assert_string_equal(out, rows[i].ours);
        assert_string_equal(notes, rows[i].notes);
        assert_valid();
    }
}

static void test_variables(void **state)
{
    static const struct {
        const char *theirs, *ours;
    } rows[] = {
        {"service_name: ${NAME}", HEAD "service:\n  name: \"n\"\n" ROUTES},
        {"service_name: ${NONE:d}", HEAD "service:\n  name: \"d\"\n" ROUTES},
        {"service_name: ${NONE:-d:e}", HEAD "service:\n  name: \"d:e\"\n" ROUTES},
        {"service_name: ${NAME:d}", HEAD "service:\n  name: \"n\"\n" ROUTES},
        {"service_name: a${NONE}b", HEAD "service:\n  name: \"ab\"\n" ROUTES},
        {"service_name: ${open", HEAD "service:\n  name: \"${open\"\n" ROUTES},
        {"service_name: $NAME", HEAD "service:\n  name: \"$NAME\"\n" ROUTES},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(convert(rows[i].theirs, (const char *const[]){"NAME=n", NULL}), 0);
        assert_string_equal(out, rows[i].ours);
        assert_valid();
    }
}

static void test_no_yaml(void **state)
{
    assert_int_equal(convert("a: [", NULL), -22);
    assert_string_equal(complaint.error, "b:2:1: did not find expected node content while parsing a flow node");
    assert_int_equal(convert("[1]", NULL), -22);
    assert_string_equal(complaint.error, "b:1:1: expected a map of keys and values, not a list");
}

static int group_teardown(void **state)
{
    free(out);
    free(notes);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_no_yaml),
    };
    return cmocka_run_group_tests(tests, NULL, group_teardown);
}
