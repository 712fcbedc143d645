// The tables of instruments, under today's names and those of early Beyla; see red.h.
#include "collector/red/red.h"

const struct red_instrument_info red_instruments[SPAN_KIND_MAX][RED_INSTRUMENT_MAX] = {
#define BOUNDS_DURATION      &histogram_bounds_duration
#define BOUNDS_REQUEST_SIZE  &histogram_bounds_size
#define BOUNDS_RESPONSE_SIZE &histogram_bounds_size
#define BOUNDS_QUEUE         &histogram_bounds_duration
#define X(id, name, unit, prometheus_name, description)                                                                \
    [RED_##id] = {name, unit, prometheus_name, description, BOUNDS_##id},
    [SPAN_KIND_SERVER] = {RED_INSTRUMENTS_SERVER(X)},
    [SPAN_KIND_CLIENT] = {RED_INSTRUMENTS_CLIENT(X)},
#undef X
};

// As early Beyla's tutorial has them. What it did not measure keeps the form; our own queue its name.
static const struct red_instrument_info instruments_early[SPAN_KIND_MAX][RED_INSTRUMENT_MAX] = {
    [SPAN_KIND_SERVER] =
        {
            [RED_DURATION] = {"http.server.duration", "s", "http_server_duration_seconds",
                              "Duration of HTTP server requests.", BOUNDS_DURATION},
            [RED_REQUEST_SIZE] = {"http.server.request.size", "By", "http_server_request_size_bytes",
                                  "Size of HTTP server request bodies.", BOUNDS_REQUEST_SIZE},
            [RED_RESPONSE_SIZE] = {"http.server.response.size", "By", "http_server_response_size_bytes",
                                   "Size of HTTP server response bodies.", BOUNDS_RESPONSE_SIZE},
        },
    [SPAN_KIND_CLIENT] =
        {
            [RED_DURATION] = {"http.client.duration", "s", "http_client_duration_seconds",
                              "Duration of HTTP client requests.", BOUNDS_DURATION},
            [RED_REQUEST_SIZE] = {"http.client.request.size", "By", "http_client_request_size_bytes",
                                  "Size of HTTP client request bodies.", BOUNDS_REQUEST_SIZE},
            [RED_RESPONSE_SIZE] = {"http.client.response.size", "By", "http_client_response_size_bytes",
                                   "Size of HTTP client response bodies.", BOUNDS_RESPONSE_SIZE},
        },
};

const struct red_instrument_info *red_instrument_named(enum metric_names names, enum span_kind kind,
                                                       enum red_instrument instrument)
{
    const struct red_instrument_info *early = &instruments_early[kind][instrument];
    return names == METRIC_NAMES_BEYLA1 && early->name ? early : &red_instruments[kind][instrument];
}
