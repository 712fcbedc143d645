// What pushing is told: filled by conf/, read by otlp.c and below. Texts live as long as the options.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/red/self.h"

#define OTLP_DESTINATIONS_MAX SELF_DESTINATIONS_MAX
#define OTLP_HEADERS_MAX      15

enum otlp_protocol { OTLP_PROTOCOL_HTTP, OTLP_PROTOCOL_GRPC };

// PEM files; NULL: the system's authorities, no certificate of our own.
enum otlp_tls_file { OTLP_TLS_CA, OTLP_TLS_CERTIFICATE, OTLP_TLS_KEY, OTLP_TLS_FILE_MAX };

// Who named such a file, for complaints: "OTEL_EXPORTER_OTLP_CERTIFICATE", "redstart.yaml:12: certificate".
struct otlp_tls_said {
    const char *name;
    bool variable;
};

// Where and how one signal is sent.
struct otlp_endpoint {
    const char *url;       // whole; NULL: the signal is off
    const char *unix_path; // the socket to connect to, whatever host the URL names; NULL: that host
    enum otlp_protocol protocol;
    const char *headers[OTLP_HEADERS_MAX + 1]; // "Name: value", NULL-terminated
    bool gzip;
    uint64_t timeout_ns; // of one attempt; 0: none
    const char *tls_file[OTLP_TLS_FILE_MAX];
    struct otlp_tls_said tls_said[OTLP_TLS_FILE_MAX];
};

// Spans and points go to every destination that has their signal; none waits for another.
struct otlp_destination {
    struct otlp_endpoint endpoint[SELF_SIGNAL_MAX];
};

// Lowmemory: delta but for what is only read when it is sent, our own counters.
enum otlp_temporality { OTLP_TEMPORALITY_CUMULATIVE, OTLP_TEMPORALITY_DELTA, OTLP_TEMPORALITY_LOWMEMORY };

struct otlp_settings {
    struct otlp_destination destination[OTLP_DESTINATIONS_MAX];
    unsigned destinations;
    uint64_t metric_interval_ns; // start to start
    enum otlp_temporality temporality;
    bool exponential;                     // histograms: base2 exponential instead of explicit buckets
    bool exemplars;                       // of sampled traces
    uint64_t batch_delay_ns;              // OTEL_BSP_SCHEDULE_DELAY
    unsigned batch_max, queue_max;        // OTEL_BSP_MAX_EXPORT_BATCH_SIZE, _MAX_QUEUE_SIZE, in spans
    uint64_t give_up_ns[SELF_SIGNAL_MAX]; // retries go on for this long (5 minutes)
    struct resource_attribute {
        const char *key, *value;
    } resource[64]; // OTEL_RESOURCE_ATTRIBUTES; NULL-terminated
};

// Texts are compared, not pointers.
bool otlp_endpoint_same(const struct otlp_endpoint *a, const struct otlp_endpoint *b);
// With all its texts, in one piece to be freed; NULL: no memory.
struct otlp_endpoint *otlp_endpoint_copy(const struct otlp_endpoint *endpoint);
