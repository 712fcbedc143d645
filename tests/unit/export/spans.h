// A span that tests of the exporters start from: the example of INTERFACE.md, "A span as text".
#pragma once

#include "tests/unit/client_span.h"

static struct service spans_service = {.name = "testserver", .instance_id = "7d4f0b1e-0000-5000-8000-000000000001"};
static struct process spans_process = {.pid = 4711, .service = &spans_service};

static inline struct span spans_server(void)
{
    return (struct span){
        .kind = SPAN_KIND_SERVER,
        .process = &spans_process,
        .trace_id = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef},
        .span_id = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10},
        .start_unix_ns = UINT64_C(1795269731123456789), // 2026-11-21T14:02:11.123456789Z
        .start_monotonic_ns = 1000000000,
        .duration_ns = 210910000,
        .queue_ns = 7630000,
        .processing_ns = 203280000,
        .method = HTTP_METHOD_POST,
        .path = STR("/post"),
        .query = STR("delay=200ms"),
        .scheme = "http",
        .server_address = STR("localhost"),
        .server_port = 8080,
        .client = {.text = "::1", .n = 3, .port = 51234, .ipv6 = true},
        .server = {.text = "::1", .n = 3, .port = 8080, .ipv6 = true},
        .version = HTTP_VERSION_11,
        .status = 200,
        .request_body = 6,
        .response_body = 0,
    };
}

static inline struct span spans_client(void)
{
    return client_span_of(spans_server());
}
