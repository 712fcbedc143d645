// Fuzz target: both head parsers on one input. Every slice they return must lie inside it. They remember header blocks,
// so each is called until it has: the first word must be the last.
#include <stdint.h>
#include <stdlib.h>
#include "collector/l7/http1.h"

#define TIMES 5 // one in four is remembered

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void require_inside(struct str input, struct str part)
{
    bool constant = part.n == 1 && part.p[0] == '/'; // the path of an absolute form without one
    require(part.n == 0 || constant || (part.p >= input.p && part.p + part.n <= input.p + input.n));
}

static void require_headers(struct str input, const struct http1_headers *headers)
{
    require_inside(input, headers->host);
    require_inside(input, headers->user_agent);
    require_inside(input, headers->traceparent);
    require_inside(input, headers->b3.single);
    require_inside(input, headers->b3.flags);
    require_inside(input, headers->forwarded_proto);
    require_inside(input, headers->forwarded_host);
    require_inside(input, headers->forwarded_for);
    require(headers->content_length >= HTTP1_LENGTH_UNKNOWN);
}

static void require_same(const struct http1_headers *headers, const struct http1_headers *first)
{
    require(headers->content_length == first->content_length && headers->chunked == first->chunked);
    require(str_equal(headers->host, first->host) && str_equal(headers->traceparent, first->traceparent));
    require(str_equal(headers->user_agent, first->user_agent) && str_equal(headers->b3.single, first->b3.single));
    require(str_equal(headers->forwarded_for, first->forwarded_for));
}

static void repeat(struct str input, const struct http1_request *request, const struct http1_response *response)
{
    struct http1_request again;
    struct http1_response response_again;
    for (unsigned i = 0; i < TIMES; i++) {
        (void)http1_request_parse(input, &again);
        require(again.complete == request->complete && again.head_size == request->head_size);
        require_headers(input, &again.headers);
        require_same(&again.headers, &request->headers);
        (void)http1_response_parse(input, &response_again);
        require(response_again.complete == response->complete && response_again.head_size == response->head_size);
        require(response_again.headers.content_length == response->headers.content_length &&
                response_again.headers.chunked == response->headers.chunked);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = {(const char *)data, size};
    struct http1_request request;
    struct http1_response response;
    enum parse_status status = http1_request_parse(input, &request);
    require(status == PARSE_OK || status == PARSE_MORE || status == PARSE_BAD);
    require((status == PARSE_OK) == request.complete && request.head_size <= size);
    require_inside(input, request.method_text);
    require_inside(input, request.target);
    require_inside(input, request.path);
    require_inside(input, request.query);
    require_inside(input, request.authority);
    require_headers(input, &request.headers);

    status = http1_response_parse(input, &response);
    require((status == PARSE_OK) == response.complete && response.head_size <= size && response.status <= 999);
    require(status != PARSE_OK || response.status / 100 != 1 || response.status == 101);
    require(response.headers.content_length >= HTTP1_LENGTH_UNKNOWN);
    repeat(input, &request, &response);
    return 0;
}
