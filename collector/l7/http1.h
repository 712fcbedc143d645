// HTTP/1.x heads as captured by the kernel (RFC 9112), possibly cut off anywhere. Pure functions over slices: no
// allocation, no state, results point into the input. The input is whatever a stranger sent.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/l7/http_method.h"
#include "collector/l7/l7.h"
#include "common/lib/str.h"

enum http_version { HTTP_VERSION_UNKNOWN, HTTP_VERSION_10, HTTP_VERSION_11 };
// "1.0", "1.1"; NULL if unknown.
const char *http_version_name(enum http_version version);

#define HTTP1_LENGTH_UNKNOWN (-1)

// B3's headers as sent (span/b3.h); empty where absent or there twice.
struct http1_b3 {
    struct str single, trace_id, span_id, sampled, flags;
};

struct http1_headers {
    int64_t content_length; // HTTP1_LENGTH_UNKNOWN if there is none (or it lies beyond the capture, see complete)
    bool chunked;           // Transfer-Encoding ends in chunked
    bool close;             // Connection: close
    bool keep_alive;        // Connection: keep-alive
    bool upgrade;           // Connection: upgrade
    struct str host, user_agent, traceparent, tracestate;
    struct http1_b3 b3;
    // What the proxy nearest to the client wrote of the original request: Forwarded, else X-Forwarded-Proto, -Host,
    // -For.
    struct str forwarded_proto, forwarded_host, forwarded_for;
};

struct http1_request {
    enum http_method method;
    struct str method_text;
    struct str target;      // as sent, maybe cut off (then line_complete is false)
    struct str path, query; // parts of target; query without '?'; absolute-form is split too (RFC 9112 3.2.2)
    struct str authority;   // of absolute-form or CONNECT's authority-form; else empty
    enum http_version version;
    bool line_complete; // the request line's end was captured
    bool complete;      // the head's end was captured: head_size is exact
    size_t head_size;   // bytes up to and including the empty line, if complete
    struct http1_headers headers;
};

// Of a response only what tells its length, as above.
struct http1_response_headers {
    int64_t content_length;
    bool chunked;
};

struct http1_response {
    enum http_version version;
    uint16_t status; // 100 .. 599 (any three digits are taken as they are)
    bool complete;
    size_t head_size;
    struct http1_response_headers headers;
};

// PARSE_OK: head complete. PARSE_MORE: valid so far, cut off; everything seen is filled in (for a response at least the
// status, else PARSE_BAD/PARSE_MORE with status 0). PARSE_BAD: not HTTP/1. Leading empty lines are skipped and counted
// in head_size.
enum parse_status http1_request_parse(struct str input, struct http1_request *ret_request);
// Interim (1xx but 101) heads in front of the final one are skipped, and counted in head_size; a capture that ends in
// an interim head is PARSE_MORE with that status.
enum parse_status http1_response_parse(struct str input, struct http1_response *ret_response);

// Does this response have a body, by RFC 9112 6.3? (HEAD, 1xx, 204, 304, 2xx to CONNECT have none.)
bool http1_response_bodyless(enum http_method method, uint16_t status);
