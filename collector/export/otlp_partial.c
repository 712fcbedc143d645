// Reads export responses; see otlp_partial.h.
#include "collector/export/otlp_partial.h"

#include <stdio.h>
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb-c.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"

typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceResponse metrics_response;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse trace_response;

static struct otlp_partial partial_of(int64_t rejected, const char *message)
{
    struct otlp_partial partial = {.rejected = rejected > 0 ? (uint64_t)rejected : 0};
    snprintf(partial.message, sizeof(partial.message), "%s", message ? message : "");
    return partial;
}

struct otlp_partial otlp_partial_metrics(struct str body)
{
    struct otlp_partial partial = {.rejected = 0};
    metrics_response *response = opentelemetry__proto__collector__metrics__v1__export_metrics_service_response__unpack(
        NULL, body.n, (const uint8_t *)body.p);
    if (response && response->partial_success)
        partial = partial_of(response->partial_success->rejected_data_points, response->partial_success->error_message);
    opentelemetry__proto__collector__metrics__v1__export_metrics_service_response__free_unpacked(response, NULL);
    return partial;
}

struct otlp_partial otlp_partial_traces(struct str body)
{
    struct otlp_partial partial = {.rejected = 0};
    trace_response *response = opentelemetry__proto__collector__trace__v1__export_trace_service_response__unpack(
        NULL, body.n, (const uint8_t *)body.p);
    if (response && response->partial_success)
        partial = partial_of(response->partial_success->rejected_spans, response->partial_success->error_message);
    opentelemetry__proto__collector__trace__v1__export_trace_service_response__free_unpacked(response, NULL);
    return partial;
}
