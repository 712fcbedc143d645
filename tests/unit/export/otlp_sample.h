// Services, processes and spans that the OTLP tests share. Header only: each test is one program.
#pragma once

#include <string.h>
#include "collector/meta/process.h"
#include "tests/unit/client_span.h"

#define SAMPLE_START_NS UINT64_C(1764000000123456789)

static const struct naming_attribute sample_attributes[] = {
    {"host.name", "said"}, {"process.executable.name", "shop-daemon"}, {"service.version", "1.2"}};
static struct service sample_service = {
    .name = "shop",
    .namespace_ = "store",
    .instance_id = "6ba7b810-9dad-51d1-80b4-00c04fd430c8",
    .exe_name = "shopd",
    .language = "go",
    .runtime_version = "go1.22.3",
    .attributes = sample_attributes,
    .attribute_count = 3,
};
static const struct process sample_process = {.pid = 4242, .exe = "/usr/bin/shopd", .service = &sample_service};

static inline struct span_address sample_address(const char *text, uint16_t port)
{
    struct span_address address = {.n = (uint8_t)strlen(text), .port = port, .ipv6 = strchr(text, ':')};
    memcpy(address.text, text, address.n);
    return address;
}

// GET /hello?name=x -> 200, 210.91 ms of which 7.63 ms in queue.
static inline struct span sample_server_span(void)
{
    struct span span = {
        .kind = SPAN_KIND_SERVER,
        .process = &sample_process,
        .sampled = true,
        .start_unix_ns = SAMPLE_START_NS,
        .start_monotonic_ns = 1000,
        .duration_ns = 210910000,
        .queue_ns = 7630000,
        .processing_ns = 203280000,
        .method = HTTP_METHOD_GET,
        .path = STR("/hello"),
        .query = STR("name=x"),
        .user_agent = STR("curl/8"),
        .scheme = "http",
        .server_address = STR("shop.example"),
        .server_port = 8080,
        .client = sample_address("127.0.0.1", 51234),
        .server = sample_address("127.0.0.1", 8080),
        .version = HTTP_VERSION_11,
        .status = 200,
        .request_body = 0,
        .response_body = 6,
    };
    memset(span.trace_id, 0xa1, sizeof(span.trace_id));
    memset(span.span_id, 0xb2, sizeof(span.span_id));
    return span;
}

// POST http://api.example:9000/order -> 404 in 20 ms.
static inline struct span sample_client_span(void)
{
    struct span span = client_span_of(sample_server_span());
    span.method = HTTP_METHOD_POST;
    span.path = STR("/order");
    span.query = STR("");
    span.user_agent = STR("");
    span.duration_ns = 20000000;
    span.server_address = STR("api.example");
    span.server_port = 9000;
    span.client = sample_address("10.0.0.1", 40000);
    span.server = sample_address("10.0.0.2", 9000);
    span.status = 404;
    span.error_type = "404";
    span.request_body = 100;
    span.response_body = SPAN_SIZE_UNKNOWN;
    span.has_parent = true;
    memset(span.span_id, 0xc3, sizeof(span.span_id));
    memset(span.parent_span_id, 0xd4, sizeof(span.parent_span_id));
    return span;
}
