// What the tests of series share: a span of each kind, and who made it.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "collector/core/clock.h"
#include "collector/red/red.h"
#include "tests/unit/client_span.h"

static struct service shop = {.name = "shop"};
static struct process shop_process = {.pid = 1, .service = &shop};

static inline struct span server_span(void)
{
    return (struct span){
        .kind = SPAN_KIND_SERVER,
        .process = &shop_process,
        .start_unix_ns = 1000 * NS_PER_SEC,
        .start_monotonic_ns = 10 * NS_PER_SEC,
        .duration_ns = 20 * NS_PER_MS,
        .queue_ns = 6 * NS_PER_MS,
        .processing_ns = 14 * NS_PER_MS,
        .method = HTTP_METHOD_GET,
        .scheme = "http",
        .version = HTTP_VERSION_11,
        .status = 200,
        .server = {.text = "127.0.0.1", .n = 9, .port = 8080},
        .server_address = STR("shop.example"),
        .server_port = 80,
        .request_body = 0,
        .response_body = 100,
    };
}

static inline struct span client_span(void)
{
    return client_span_of(server_span());
}

static inline struct red *red_made(unsigned max_series, uint64_t ttl_ns)
{
    struct red *red = NULL;
    assert_int_equal(red_new(&red, max_series, ttl_ns), 0);
    return red;
}

static inline unsigned list_length(const struct red *red, enum span_kind kind)
{
    unsigned n = 0;
    for (const struct red_series *series = red_first(red, kind); series; series = series->next)
        n++;
    return n;
}
