// Every OTEL_EXPORTER_OTLP_* variable once: for all signals, and for one signal, which wins for that one alone.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include "collector/conf/options.h"
#include "collector/core/clock.h"

static struct collector_options options;
static struct complaint complaint;

// Of an endpoint, in a line.
static const char *shown(enum self_signal signal)
{
    static char text[400];
    const struct otlp_endpoint *endpoint = &options.push.destination[0].endpoint[signal];
    snprintf(text, sizeof text, "%s %s %s %u %s %s %s %s", endpoint->url,
             endpoint->protocol == OTLP_PROTOCOL_GRPC ? "grpc" : "http", endpoint->gzip ? "gzip" : "plain",
             (unsigned)(endpoint->timeout_ns / NS_PER_MS), endpoint->headers[0] ? endpoint->headers[0] : "none",
             endpoint->tls_file[OTLP_TLS_CA], endpoint->tls_file[OTLP_TLS_CERTIFICATE],
             endpoint->tls_file[OTLP_TLS_KEY]);
    return text;
}

#define ALL(prefix, mark, protocol, compression, timeout)                                                              \
    prefix "ENDPOINT=https://" mark ":1/in", prefix "PROTOCOL=" protocol, prefix "COMPRESSION=" compression,           \
        prefix "TIMEOUT=" timeout, prefix "HEADERS=" mark "=1", prefix "CERTIFICATE=/" mark "/ca",                     \
        prefix "CLIENT_CERTIFICATE=/" mark "/crt", prefix "CLIENT_KEY=/" mark "/key"

static void test_every_variable(void **state)
{
    static const struct {
        const char *environment[20];
        const char *metrics, *traces;
    } rows[] = {
        {{ALL("OTEL_EXPORTER_OTLP_", "a", "http/protobuf", "gzip", "7")},
         "https://a:1/in/v1/metrics http gzip 7 a: 1 /a/ca /a/crt /a/key",
         "https://a:1/in/v1/traces http gzip 7 a: 1 /a/ca /a/crt /a/key"},
        {{ALL("OTEL_EXPORTER_OTLP_", "a", "http/protobuf", "gzip", "7"),
          ALL("OTEL_EXPORTER_OTLP_TRACES_", "t", "http/protobuf", "none", "8")},
         "https://a:1/in/v1/metrics http gzip 7 a: 1 /a/ca /a/crt /a/key",
         "https://t:1/in http plain 8 t: 1 /t/ca /t/crt /t/key"},
        {{ALL("OTEL_EXPORTER_OTLP_", "a", "http/protobuf", "none", "7"),
          ALL("OTEL_EXPORTER_OTLP_METRICS_", "m", "http/protobuf", "gzip", "9")},
         "https://m:1/in http gzip 9 m: 1 /m/ca /m/crt /m/key",
         "https://a:1/in/v1/traces http plain 7 a: 1 /a/ca /a/crt /a/key"},
    };
    char *argv[] = {"redstart-collector", NULL};
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(options_parse(&options, 1, argv, (char *const *)rows[i].environment, &complaint), 0);
        assert_int_equal(complaint.warnings, 0);
        assert_string_equal(shown(SELF_SIGNAL_METRICS), rows[i].metrics);
        assert_string_equal(shown(SELF_SIGNAL_TRACES), rows[i].traces);
        options_release(&options);
    }
}

static void test_protocols(void **state)
{
    static const char *const environment[][3] = {
        {"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=grpc", NULL},
        {"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=grpc", NULL},
        {"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", NULL},
    };
    static const bool grpc[][SELF_SIGNAL_MAX] = {
        {[SELF_SIGNAL_METRICS] = true}, {[SELF_SIGNAL_TRACES] = true}, {true, true}};
    char *argv[] = {"redstart-collector", NULL};
    for (unsigned i = 0; i < array_size(environment); i++) {
        assert_int_equal(options_parse(&options, 1, argv, (char *const *)environment[i], &complaint), 0);
        for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++)
            assert_int_equal(options.push.destination[0].endpoint[signal].protocol == OTLP_PROTOCOL_GRPC,
                             grpc[i][signal]);
        options_release(&options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_variable), cmocka_unit_test(test_protocols)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
