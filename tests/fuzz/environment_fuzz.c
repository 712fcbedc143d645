// Variables of the environment: the first byte chooses which one, the rest is its value. Whatever it says, a variable
// is at worst warned about (OpenTelemetry's rule), and no header that comes of a list can end its line.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/conf/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define VALUE_MAX 2048

static const char *const names[] = {
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_PROPAGATORS",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS",
    "BEYLA_OPEN_PORT",
    "BEYLA_EXECUTABLE_NAME",
    "BEYLA_PROMETHEUS_PORT",
    "OTEL_EBPF_LOG_LEVEL",
};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void headers_check(const struct otlp_endpoint *endpoint)
{
    for (unsigned i = 0; endpoint->headers[i]; i++)
        require(i < OTLP_HEADERS_MAX && strchr(endpoint->headers[i], ':') && !strpbrk(endpoint->headers[i], "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct collector_options options;
    static struct complaint complaint;
    char variable[64 + VALUE_MAX], *argv[] = {"redstart-collector", "--otlp", "http://127.0.0.1:4318", NULL};
    if (!size || size > VALUE_MAX || memchr(bytes, 0, size))
        return 0;
    snprintf(variable, sizeof variable, "%s=%.*s", names[bytes[0] % (sizeof names / sizeof names[0])], (int)size - 1,
             (const char *)bytes + 1);
    char *environment[] = {variable, NULL};
    require(options_parse(&options, 3, argv, environment, &complaint) == 0);
    for (unsigned i = 0; i < options.push.destinations; i++)
        for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++)
            headers_check(&options.push.destination[i].endpoint[signal]);
    options_release(&options);
    return 0;
}
