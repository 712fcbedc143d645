// From a record and its parsed heads to a span; see exchange.h. What each field means: INTERFACE.md, "A span as JSON".
#include "collector/span/exchange.h"

#include <errno.h>
#include <sys/socket.h>
#include "collector/core/clock.h"
#include "collector/span/address.h"
#include "collector/span/status.h"

struct str exchange_request_capture(const struct http1_record *record)
{
    return (struct str){(const char *)record->data, record->request_captured};
}

struct str exchange_response_capture(const struct http1_record *record)
{
    return (struct str){(const char *)record->data + record->response_offset, record->response_captured};
}

enum parse_status exchange_parse(const struct http1_record *record, struct exchange *ret_exchange)
{
    bool answered = !(record->flags & RECORD_FLAG_NO_RESPONSE);
    ret_exchange->record = record;
    ret_exchange->request_status = http1_request_parse(exchange_request_capture(record), &ret_exchange->request);
    if (ret_exchange->request_status == PARSE_BAD || ret_exchange->request.method_text.n == 0)
        return PARSE_BAD;
    if (!answered) {
        ret_exchange->response = (struct http1_response){.headers.content_length = HTTP1_LENGTH_UNKNOWN};
        ret_exchange->response_status = PARSE_SKIP;
        return PARSE_OK;
    }
    ret_exchange->response_status = http1_response_parse(exchange_response_capture(record), &ret_exchange->response);
    return ret_exchange->response_status == PARSE_BAD || ret_exchange->response.status == 0 ? PARSE_BAD : PARSE_OK;
}

uint64_t exchange_request_size(const struct exchange *exchange)
{
    const struct http1_request *request = &exchange->request;
    if (!request->complete || request->headers.chunked)
        return 0;
    uint64_t length = request->headers.content_length > 0 ? (uint64_t)request->headers.content_length : 0;
    return request->head_size + length;
}

static uint64_t since(uint64_t later, uint64_t earlier)
{
    return later > earlier ? later - earlier : 0;
}

static bool method_without_body(enum http_method method)
{
    switch (method) {
    case HTTP_METHOD_GET:
    case HTTP_METHOD_HEAD:
    case HTTP_METHOD_DELETE:
    case HTTP_METHOD_OPTIONS:
    case HTTP_METHOD_CONNECT:
    case HTTP_METHOD_TRACE:
        return true;
    default:
        return false;
    }
}

// Bytes behind the head so far, at most the announced length: what is more belongs to a pipelined request.
static int64_t request_body_size(const struct exchange *exchange)
{
    const struct http1_request *request = &exchange->request;
    int64_t length = request->headers.content_length;
    if (!request->complete) {
        if (length != HTTP1_LENGTH_UNKNOWN)
            return length;
        bool ends = exchange->record->flags & RECORD_FLAG_REQUEST_ENDS;
        return ends && method_without_body(request->method) ? 0 : SPAN_SIZE_UNKNOWN;
    }
    int64_t behind = (int64_t)since(exchange->record->request_bytes, request->head_size);
    if (request->headers.chunked)
        return behind;
    if (length == HTTP1_LENGTH_UNKNOWN)
        return 0;
    return behind < length ? behind : length;
}

static int64_t response_body_size(const struct exchange *exchange)
{
    const struct http1_response *response = &exchange->response;
    int64_t length = response->headers.content_length;
    if (response->status == 0)
        return SPAN_SIZE_UNKNOWN;
    if (http1_response_bodyless(exchange->request.method, response->status))
        return 0;
    if (!response->complete)
        return response->headers.chunked ? SPAN_SIZE_UNKNOWN : length;
    int64_t behind = (int64_t)since(exchange->record->response_bytes, response->head_size);
    return length != HTTP1_LENGTH_UNKNOWN && behind > length ? length : behind;
}

static void times_fill(const struct http1_record *record, struct span *span)
{
    bool queued = span->kind == SPAN_KIND_SERVER && record->arrived;
    uint64_t start = queued ? record->arrived : record->started;
    span->start_monotonic_ns = start;
    span->start_unix_ns = clock_to_unix(start);
    span->duration_ns = since(record->ended, start);
    span->queue_ns = span->processing_ns = SPAN_TIME_UNKNOWN;
    if (queued) {
        uint64_t queue = since(record->started, start);
        span->queue_ns = queue < span->duration_ns ? queue : span->duration_ns;
        span->processing_ns = span->duration_ns - span->queue_ns;
    }
}

// One end of the connection; a Unix socket has a path, which is the server's.
static void end_fill(const struct http1_record *record, bool local, struct span_address *ret_end)
{
    if (local)
        address_format_ip(record->family, record->local_address, record->local_port, ret_end);
    else
        address_format_ip(record->family, record->remote_address, record->remote_port, ret_end);
}

static void server_end_fill(const struct http1_record *record, struct span *span)
{
    struct str path = {(const char *)record->data + record->path_offset, record->path_captured};
    if (record->family == AF_UNIX)
        address_format_unix(path, &span->server);
    else
        end_fill(record, span->kind == SPAN_KIND_SERVER, &span->server);
}

void exchange_client(const struct http1_record *record, struct span *span)
{
    if (record->family == AF_UNIX)
        address_format_unix(STR(""), &span->client);
    else
        end_fill(record, span->kind == SPAN_KIND_CLIENT, &span->client);
}

// The host that was asked for: what a proxy in front of the server wrote wins, then a target in absolute form (RFC 9112
// 3.2.2), then Host. Servers keep the port they listen on, clients the one they asked for, which behind a forward proxy
// is not the one they connected to.
static void server_fill(const struct http1_request *request, uint8_t family, struct span *span)
{
    bool absolute = request->authority.n > 0;
    struct str host, forwarded = request->headers.forwarded_host;
    uint16_t port;
    span->server_address = (struct str){span->server.text, span->server.n};
    span->server_port = span->server.port;
    if (family == AF_UNIX && span->server.n)
        return;
    bool proxied = span->kind == SPAN_KIND_SERVER && address_split_authority(forwarded, &host, &port);
    if (!proxied && !address_split_authority(absolute ? request->authority : request->headers.host, &host, &port))
        return;
    span->server_address = host;
    if (span->kind == SPAN_KIND_SERVER)
        return;
    if (port)
        span->server_port = port;
    else if (absolute && request->method != HTTP_METHOD_CONNECT)
        span->server_port = span->scheme[4] == 's' ? 443 : 80;
}

// The client behind proxies, if it is an address: identifiers and "unknown" (RFC 7239 6) are none.
static struct str client_of(const struct http1_request *request, enum span_kind kind)
{
    struct str host, text = request->headers.forwarded_for;
    uint16_t port;
    bool bare_ipv6 = address_is_ip(text);
    if (kind != SPAN_KIND_SERVER || (!bare_ipv6 && !address_split_authority(text, &host, &port)))
        return STR("");
    host = bare_ipv6 ? text : host;
    return address_is_ip(host) ? host : STR("");
}

static const char *scheme_of(const struct http1_request *request, enum span_kind kind)
{
    struct str proto = request->headers.forwarded_proto;
    if (kind == SPAN_KIND_SERVER && str_equal_nocase(proto, STR("https")))
        return "https";
    if (kind == SPAN_KIND_SERVER && str_equal_nocase(proto, STR("http")))
        return "http";
    struct str prefix = {request->target.p, request->target.n < 8 ? request->target.n : 8};
    return request->authority.n && str_equal_nocase(prefix, STR("https://")) ? "https" : "http";
}

static const char *error_of(const struct exchange *exchange, enum span_kind kind)
{
    if (exchange->response.status)
        return exchange->response.status >= (kind == SPAN_KIND_CLIENT ? 400 : 500)
                   ? status_text(exchange->response.status)
                   : NULL;
    switch (exchange->record->socket_error) {
    case ECONNRESET:
        return "connection_reset";
    case ETIMEDOUT:
        return "timeout";
    default:
        return "connection_closed";
    }
}

static void trace_fill(const struct trace_context *parent, struct span *span)
{
    span_id_random(span->span_id, sizeof span->span_id);
    span->has_parent = parent->has_parent;
    span->sampling_decided = parent->decided;
    span->sampled = parent->sampled || !parent->decided;
    span->trace_state = parent->trace_state;
    memcpy(span->parent_span_id, parent->parent_id, sizeof span->parent_span_id);
    if (parent->has_parent)
        memcpy(span->trace_id, parent->trace_id, sizeof span->trace_id);
    else
        span_id_random(span->trace_id, sizeof span->trace_id);
}

bool exchange_is_particular(const struct http1_record *record, const struct propagators *propagators)
{
    return propagators || record->role == RECORD_ROLE_CLIENT;
}

void exchange_parent(const struct http1_headers *headers, const struct propagators *propagators,
                     struct trace_context *ret_parent)
{
    trace_context_read(propagators ? propagators : &propagators_default, headers, ret_parent);
}

// What only a reader of spans asks: who talked to whom.
static void particulars_fill(const struct exchange *exchange, struct span *span)
{
    exchange_client(exchange->record, span);
    server_end_fill(exchange->record, span);
    server_fill(&exchange->request, exchange->record->family, span);
    span->forwarded_for = client_of(&exchange->request, span->kind);
}

// The ports are part of a series.
static void particulars_omit(const struct exchange *exchange, struct span *span)
{
    span->server.port = exchange->record->local_port;
    span->client.port = exchange->record->remote_port;
    span->server.n = span->client.n = 0;
    span->server.text[0] = span->client.text[0] = 0;
    span->server.ipv6 = span->client.ipv6 = false;
    span->server_port = span->server.port;
    span->server_address = span->forwarded_for = span->trace_state = STR("");
    span->has_parent = span->sampling_decided = span->sampled = false;
    memset(span->trace_id, 0, sizeof span->trace_id);
    memset(span->span_id, 0, sizeof span->span_id);
}

void exchange_measure(const struct http1_record *record, const struct process *process,
                      const struct trace_context *parent, struct span *span)
{
    span->process = process;
    times_fill(record, span);
    span->route = STR("");
    span->ignored = 0;
    span->selection = NULL;
    if (parent)
        trace_fill(parent, span);
}

void exchange_to_span(const struct exchange *exchange, const struct process *process,
                      const struct propagators *propagators, struct span *ret_span)
{
    const struct http1_record *record = exchange->record;
    const struct http1_request *request = &exchange->request;
    struct str capture = exchange_request_capture(record);
    struct trace_context parent;
    ret_span->likeness = 0;
    ret_span->kind = record->role == RECORD_ROLE_CLIENT ? SPAN_KIND_CLIENT : SPAN_KIND_SERVER;
    ret_span->scheme = scheme_of(request, ret_span->kind);
    bool particular = exchange_is_particular(record, propagators);
    if (particular) {
        particulars_fill(exchange, ret_span);
        exchange_parent(&request->headers, propagators, &parent);
    } else {
        particulars_omit(exchange, ret_span);
    }
    exchange_measure(record, process, particular ? &parent : NULL, ret_span);
    ret_span->method = http_method_shown(request->method, request->method_text);
    ret_span->method_original = ret_span->method == HTTP_METHOD_OTHER ? request->method_text : STR("");
    ret_span->path = request->path;
    ret_span->query = request->query;
    ret_span->user_agent = request->headers.user_agent;
    ret_span->version = request->version;
    ret_span->status = exchange->response.status;
    ret_span->error_type = error_of(exchange, ret_span->kind);
    ret_span->request_body = request_body_size(exchange);
    ret_span->response_body = response_body_size(exchange);
    // A line whose version alone was cut off has its target whole.
    ret_span->truncated = !request->line_complete &&
                          (request->target.n == 0 || request->target.p + request->target.n == capture.p + capture.n);
}
