// Which format a reader of /metrics gets for what it says it accepts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/export/prometheus_accept.h"
#include "common/lib/cleanup.h"

#define TEXT      "text/plain; version=0.0.4; charset=utf-8"
#define TEXT_1    "text/plain; version=1.0.0; charset=utf-8; escaping="
#define OM        "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define OM_0      "application/openmetrics-text; version=0.0.1; charset=utf-8"
#define PROTO     "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
#define ASK_PROTO "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

static const struct {
    const char *accept, *content_type;
    enum prometheus_format format;
} cases[] = {
    // nothing said, anything goes, nothing of ours
    {"", TEXT, PROMETHEUS_TEXT},
    {"*/*", TEXT, PROMETHEUS_TEXT},
    {"text/*", TEXT, PROMETHEUS_TEXT},
    {"application/*", OM, PROMETHEUS_OPENMETRICS},
    {"image/png", TEXT, PROMETHEUS_TEXT},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT, PROMETHEUS_TEXT},
    // Prometheus 2.42: without and with native histograms
    {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     OM, PROMETHEUS_OPENMETRICS},
    {ASK_PROTO ",application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
               "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     PROTO, PROMETHEUS_PROTOBUF},
    // Prometheus 3
    {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;"
     "version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
     OM "; escaping=allow-utf-8", PROMETHEUS_OPENMETRICS},
    {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3", TEXT_1 "allow-utf-8",
     PROMETHEUS_TEXT},
    // quality
    {"text/plain;q=0.5, application/openmetrics-text;q=0.6", OM, PROMETHEUS_OPENMETRICS},
    {"text/plain;q=0.7, application/openmetrics-text;q=0.6", TEXT, PROMETHEUS_TEXT},
    {"text/plain;q=0.001, application/openmetrics-text;q=0", TEXT, PROMETHEUS_TEXT},
    {"application/openmetrics-text;q=0, */*", TEXT, PROMETHEUS_TEXT},
    {"text/plain;q=0, */*;q=0.5", OM, PROMETHEUS_OPENMETRICS},
    {"text/plain;q=0, */*;q=0", TEXT, PROMETHEUS_TEXT},
    {"*/*;q=1, application/openmetrics-text;q=1", OM, PROMETHEUS_OPENMETRICS},
    {"text/plain, application/openmetrics-text", TEXT, PROMETHEUS_TEXT},
    {"application/openmetrics-text, text/plain", OM, PROMETHEUS_OPENMETRICS},
    {"application/openmetrics-text; Q=1.000 , text/plain;q=1.0", OM, PROMETHEUS_OPENMETRICS},
    // a quality that is none: the element does not count
    {"application/openmetrics-text;q=1.001", TEXT, PROMETHEUS_TEXT},
    {"application/openmetrics-text;q=2", TEXT, PROMETHEUS_TEXT},
    {"application/openmetrics-text;q=0.1234", TEXT, PROMETHEUS_TEXT},
    {"application/openmetrics-text;q=-1", TEXT, PROMETHEUS_TEXT},
    {"application/openmetrics-text;q=.5", TEXT, PROMETHEUS_TEXT},
    {"application/openmetrics-text;q=", TEXT, PROMETHEUS_TEXT},
    // versions
    {"application/openmetrics-text", OM, PROMETHEUS_OPENMETRICS},
    {"application/openmetrics-text;version=\"1.0.0\"", OM, PROMETHEUS_OPENMETRICS},
    {"application/openmetrics-text;version=0.0.1", OM_0, PROMETHEUS_OPENMETRICS},
    {"application/openmetrics-text;version=2.0.0", TEXT, PROMETHEUS_TEXT},
    {"text/plain;version=1.0.0", TEXT_1 "underscores", PROMETHEUS_TEXT},
    {"text/plain;version=0.0.4;escaping=allow-utf-8", TEXT, PROMETHEUS_TEXT},
    {"Application/OpenMetrics-Text;Version=1.0.0", OM, PROMETHEUS_OPENMETRICS},
    // escaping
    {"application/openmetrics-text;version=1.0.0;escaping=underscores", OM "; escaping=underscores",
     PROMETHEUS_OPENMETRICS},
    {"application/openmetrics-text;version=1.0.0;escaping=dots", OM "; escaping=underscores", PROMETHEUS_OPENMETRICS},
    {"application/openmetrics-text;version=1.0.0;escaping=no-such", OM "; escaping=underscores",
     PROMETHEUS_OPENMETRICS},
    {ASK_PROTO ";escaping=allow-utf-8", PROTO "; escaping=allow-utf-8", PROMETHEUS_PROTOBUF},
    // protobuf: only as asked for
    {"application/vnd.google.protobuf", TEXT, PROMETHEUS_TEXT},
    {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", PROTO, PROMETHEUS_PROTOBUF},
    {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", TEXT, PROMETHEUS_TEXT},
    {"application/vnd.google.protobuf;proto=foreign;encoding=delimited", TEXT, PROMETHEUS_TEXT},
    {"application/vnd.google.protobuf;q=1,*/*;q=0.1", TEXT, PROMETHEUS_TEXT},
    // what is hardly a list
    {",,;;,=,\"", TEXT, PROMETHEUS_TEXT},
    {"/;q=1", TEXT, PROMETHEUS_TEXT},
    {"text", TEXT, PROMETHEUS_TEXT},
    {"x/y;a=\",application/openmetrics-text", TEXT, PROMETHEUS_TEXT},
    {"x/y;a=\"\\\",\", application/openmetrics-text", OM, PROMETHEUS_OPENMETRICS},
    {",\t application/openmetrics-text ;\tversion=1.0.0 ,", OM, PROMETHEUS_OPENMETRICS},
};

static void formats(void **state)
{
    for (size_t i = 0; i < array_size(cases); i++) {
        struct prometheus_choice choice;
        prometheus_accept(str_from(cases[i].accept), &choice);
        if (strcmp(choice.content_type, cases[i].content_type) != 0)
            fail_msg("%s: expected %s, got %s", cases[i].accept, cases[i].content_type, choice.content_type);
        assert_int_equal(choice.format, cases[i].format);
    }
    struct prometheus_choice choice;
    prometheus_accept((struct str){NULL, 0}, &choice); // no header at all
    assert_string_equal(choice.content_type, TEXT);
}

static void gzip(void **state)
{
    static const struct {
        const char *accept_encoding;
        bool gzip;
    } encodings[] = {
        {"", false},
        {"gzip", true},
        {"GZIP", true},
        {"x-gzip", true},
        {"deflate, gzip;q=1.0, *;q=0.5", true},
        {"gzip;q=0", false},
        {"gzip;q=0.000", false},
        {"gzip;q=0.001", true},
        {"gzip;q=2", false},
        {"identity", false},
        {"identity, gzip", true},
        {"identity;q=1, gzip;q=0.5", false},
        {"*", true},
        {"*;q=0", false},
        {"gzip;q=0, *", false},
        {"br, zstd", false},
        {"gzipped", false},
        {",;,", false},
    };
    for (size_t i = 0; i < array_size(encodings); i++)
        if (prometheus_accept_gzip(str_from(encodings[i].accept_encoding)) != encodings[i].gzip)
            fail_msg("%s: expected %d", encodings[i].accept_encoding, encodings[i].gzip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(formats), cmocka_unit_test(gzip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
