// One finished exchange, ready for aggregation and export. Built on the stack by conn/, lives for one call; whoever
// keeps something copies it. Attribute names: OpenTelemetry semantic conventions v1.44 (HTTP spans, HTTP metrics).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/l7/http1.h"
#include "collector/meta/process.h"
#include "common/lib/str.h"

enum span_kind { SPAN_KIND_SERVER, SPAN_KIND_CLIENT, SPAN_KIND_MAX };

#define SPAN_TIME_UNKNOWN UINT64_MAX
#define SPAN_SIZE_UNKNOWN (-1)

// Text of an address, without port: "127.0.0.1", "::1", a Unix socket's path, or "".
#define ADDRESS_TEXT_MAX 112
struct span_address {
    char text[ADDRESS_TEXT_MAX];
    uint8_t n;
    uint16_t port; // 0: none (Unix socket)
    bool ipv6;     // shown in brackets before a port
};

struct span {
    enum span_kind kind;
    // Spans of one number, but 0, differ only in process, times, ids and parent, client and route, and in what is
    // decided of them (sampled, ignored). No number is used again. See conn/repeat.h.
    uint64_t likeness;
    const struct process *process; // never NULL
    uint8_t trace_id[16], span_id[8], parent_span_id[8];
    bool has_parent;
    struct str trace_state; // of the parent; "" if there is none or it cannot be passed on
    bool sampling_decided;  // upstream: sampled is the caller's word
    bool sampled;           // the trace is pushed
    uint64_t start_unix_ns;
    uint64_t start_monotonic_ns;
    uint64_t duration_ns;   // total
    uint64_t queue_ns;      // servers; SPAN_TIME_UNKNOWN if not known
    uint64_t processing_ns; // duration - queue; SPAN_TIME_UNKNOWN if queue is
    enum http_method method;
    struct str method_original; // only for HTTP_METHOD_OTHER
    struct str path, query, route, user_agent;
    const char *scheme;                 // "http", "https"
    struct str server_address;          // the host asked for, without port; else the address reached
    struct str forwarded_for;           // servers: the client's address as a proxy wrote it; empty: nobody did
    uint16_t server_port;               // 0: none
    struct span_address client, server; // the connection's two ends: client.address/port; network.local|peer.address
    enum http_version version;
    uint16_t status;                     // 0: no answer
    const char *error_type;              // NULL: no error. "500", "connection_closed" ...
    int64_t request_body, response_body; // bytes, SPAN_SIZE_UNKNOWN
    bool truncated;                      // the path is longer than what was captured
    struct span_selection *selection;    // of its attributes; NULL: all
    uint8_t ignored;                     // of enum route_signal (route_config.h): where the request is left out
};

// Where finished spans go. Order of calls is the order of registration; none of them may block.
typedef void span_sink_fn(void *context, const struct span *span);

// The span's name: "GET /route", "GET", "HTTP" for an unknown method.
struct str span_name(const struct span *span, char *scratch, size_t scratch_size);
// Random and non-zero, but no secret. size: a multiple of 8.
void span_id_random(uint8_t *id, size_t size);
