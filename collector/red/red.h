// Rate, errors, duration: finished exchanges aggregated into series. A series is one set of attribute values of one
// service and kind and holds all of that kind's histograms, so a request costs one look-up.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/conf/attribute_selection.h"
#include "collector/red/histogram.h"
#include "collector/red/packed.h"
#include "collector/span/span.h"

// Instruments of a kind; X(id, OTel name, unit, Prometheus name, description)
#define RED_INSTRUMENTS_SERVER(X)                                                                                      \
    X(DURATION, "http.server.request.duration", "s", "http_server_request_duration_seconds",                           \
      "Duration of HTTP server requests.")                                                                             \
    X(REQUEST_SIZE, "http.server.request.body.size", "By", "http_server_request_body_size_bytes",                      \
      "Size of HTTP server request bodies.")                                                                           \
    X(RESPONSE_SIZE, "http.server.response.body.size", "By", "http_server_response_body_size_bytes",                   \
      "Size of HTTP server response bodies.")                                                                          \
    X(QUEUE, "redstart.http.server.queue.duration", "s", "redstart_http_server_queue_duration_seconds",                \
      "Time from a request's arrival in the kernel to the read that gave it to the application.")
#define RED_INSTRUMENTS_CLIENT(X)                                                                                      \
    X(DURATION, "http.client.request.duration", "s", "http_client_request_duration_seconds",                           \
      "Duration of HTTP client requests.")                                                                             \
    X(REQUEST_SIZE, "http.client.request.body.size", "By", "http_client_request_body_size_bytes",                      \
      "Size of HTTP client request bodies.")                                                                           \
    X(RESPONSE_SIZE, "http.client.response.body.size", "By", "http_client_response_body_size_bytes",                   \
      "Size of HTTP client response bodies.")

enum red_instrument { RED_DURATION, RED_REQUEST_SIZE, RED_RESPONSE_SIZE, RED_QUEUE, RED_INSTRUMENT_MAX };

struct red_instrument_info {
    const char *name, *unit, *prometheus_name, *description;
    const struct histogram_bounds *bounds;
};
// NULL name where a kind has no such instrument (a client has no queue).
extern const struct red_instrument_info red_instruments[SPAN_KIND_MAX][RED_INSTRUMENT_MAX];
// The same under other names.
const struct red_instrument_info *red_instrument_named(enum metric_names names, enum span_kind kind,
                                                       enum red_instrument instrument);

// A request that stands for a bucket: the last one of a sampled trace that fell into it.
struct red_exemplar {
    uint64_t value;   // as in the histogram
    uint64_t unix_ns; // when it ended; 0: there is none
    uint8_t trace_id[16], span_id[8];
};

// What outputs can ask for beside the explicit histograms.
enum red_extra {
    RED_EXTRA_EXPONENTIAL = 1,
    RED_EXTRA_EXEMPLARS = 2,
    RED_EXTRA_WINDOW = 4, // the values since a reader last took them, for delta temporality
    RED_EXTRA_GONE = 8,   // forgotten series, until a reader has said so
};

// What was recorded since start_unix_ns.
struct red_window {
    uint64_t start_unix_ns;
    struct histogram histogram[RED_INSTRUMENT_MAX];
    struct packed *exponential[RED_INSTRUMENT_MAX]; // NULL: not asked for, or nothing recorded yet
};

#define RED_ADDRESS_SIZE 64
#define RED_ROUTE_SIZE   128
#define RED_PATH_SIZE    128

struct red_series {
    struct red_series *next; // all series of a kind, oldest first
    uint64_t id;             // 1, 2, 3 ... along the list, never used again: where to go on after a pause
    enum span_kind kind;
    const struct service *service;
    unsigned instruments; // it has values of, bits by enum red_instrument
    // Attribute values; "", NULL or 0 means the label is left out. Texts are cut to their room, valid UTF-8, without
    // control characters.
    enum http_method method;
    bool without_method;
    uint16_t status;
    uint16_t server_port;                  // of a server the one it was reached at, of a client the one it asked for
    char server_address[RED_ADDRESS_SIZE]; // of servers only if asked for
    char route[RED_ROUTE_SIZE];
    char *path, *client_address;               // if asked for
    const char *scheme, *version, *error_type; // static strings or NULL
    bool overflow;                             // otel.metric.overflow=true: the only attribute
    uint64_t start_unix_ns; // of the first measurement, never before the last series of the same values was forgotten
    uint64_t last_monotonic_ns;
    struct histogram histogram[RED_INSTRUMENT_MAX];
    // NULL: not asked for, or nothing recorded. Exemplars: one slot for each bucket of the explicit histogram.
    struct packed *exponential[RED_INSTRUMENT_MAX];
    struct red_exemplar *exemplar[RED_INSTRUMENT_MAX];
    struct red_window *window; // NULL: not asked for
};

struct red;
// max_series: per kind; beyond it requests are counted in one overflow series per kind and service. 0 or -ENOMEM.
int red_new(struct red **ret_red, unsigned max_series, uint64_t ttl_ns) must_check;
void red_free(struct red *red);
// Which attributes metrics have, and their names. Before the first request. 0 or -ENOMEM.
int red_select(struct red *red, const struct attribute_selection *selection, enum metric_names names) must_check;
enum metric_names red_names(const struct red *red);
// From now on.
void red_ttl(struct red *red, uint64_t ttl_ns);
// Do series of servers have an address, their own or a client's?
bool red_names_ends(const struct red *red);
// extras: of enum red_extra, kept from now on beside those asked for before.
void red_keep(struct red *red, unsigned extras);
// Allocates only for a new series and a new extra of one.
void red_record(struct red *red, const struct span *span);
// Forgets series without traffic for the TTL (0: never).
void red_expire(struct red *red, uint64_t now_monotonic_ns);
// Empties a window that was read. The reader is the one output that takes deltas.
void red_window_reset(struct red_window *window, uint64_t now_unix_ns);
// Series that were forgotten, oldest first, at most RED_GONE_MAX (the rest is not remembered); and up to which of them
// is not needed any more.
#define RED_GONE_MAX 2048
const struct red_series *red_gone(const struct red *red);
void red_gone_release(struct red *red, const struct red_series *last);
const struct red_series *red_first(const struct red *red, enum span_kind kind);
// Requests that went to an overflow series (or, with more than 512 services beyond the cap, only into this number).
uint64_t red_overflowed(const struct red *red, enum span_kind kind);
