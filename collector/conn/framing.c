// Completeness of responses; see framing.h. The totals come from the kernel, the heads and last bytes from a stranger.
#include "collector/conn/framing.h"

// Ends with the last chunk and no trailer. Its first CR LF is the end of the chunk before, or of the head.
#define LAST_CHUNK "\r\n0\r\n\r\n"
#define EMPTY_LINE "\r\n\r\n"

static bool fully_captured(const struct http1_record *record)
{
    return record->response_bytes <= record->response_captured;
}

// The last bytes of the response so far: at most 8 if it is longer than its capture.
static bool ends_with(const struct http1_record *record, struct str end)
{
    struct str last = exchange_response_capture(record);
    if (!fully_captured(record))
        last = (struct str){(const char *)record->tail, TAIL_CAPTURE};
    return last.n >= end.n && memcmp(last.p + last.n - end.n, end.p, end.n) == 0;
}

// Bytes of the whole response, head included, if that can be told.
static bool response_size(const struct exchange *exchange, uint64_t *ret_size)
{
    const struct http1_response *response = &exchange->response;
    if (!response->complete)
        return false;
    if (http1_response_bodyless(exchange->request.method, response->status)) {
        *ret_size = response->head_size;
        return true;
    }
    if (response->headers.content_length != HTTP1_LENGTH_UNKNOWN) {
        *ret_size = response->head_size + (uint64_t)response->headers.content_length;
        return true;
    }
    if (!response->headers.chunked || !fully_captured(exchange->record) || response->head_size < 2)
        return false;
    struct str capture = exchange_response_capture(exchange->record);
    struct str body = {capture.p + response->head_size - 2, capture.n - response->head_size + 2};
    const char *last = memmem(body.p, body.n, LAST_CHUNK, sizeof LAST_CHUNK - 1);
    if (!last)
        return false;
    *ret_size = (uint64_t)(last - capture.p) + sizeof LAST_CHUNK - 1;
    return true;
}

static enum framing chunked_judge(const struct http1_record *record, bool idle)
{
    bool whole = ends_with(record, STR(LAST_CHUNK)) || (idle && ends_with(record, STR(EMPTY_LINE)));
    return whole ? FRAMING_COMPLETE : FRAMING_OPEN;
}

// The head goes on beyond its capture, or is not all sent yet.
static enum framing cut_head_judge(const struct exchange *exchange, bool idle)
{
    const struct http1_record *record = exchange->record;
    const struct http1_headers *headers = &exchange->response.headers;
    if (fully_captured(record))
        return FRAMING_UNKNOWN;
    if (http1_response_bodyless(exchange->request.method, exchange->response.status) || headers->content_length == 0)
        return ends_with(record, STR(EMPTY_LINE)) ? FRAMING_COMPLETE : FRAMING_UNKNOWN;
    if (headers->chunked)
        return chunked_judge(record, idle);
    if (headers->content_length == HTTP1_LENGTH_UNKNOWN)
        return FRAMING_UNKNOWN;
    uint64_t least = record->response_captured + (uint64_t)headers->content_length;
    return record->response_bytes < least ? FRAMING_OPEN : FRAMING_UNKNOWN;
}

enum framing framing_judge(const struct exchange *exchange, bool idle)
{
    const struct http1_record *record = exchange->record;
    uint64_t size;
    if (exchange->response.status == 0)
        return FRAMING_COMPLETE; // there is no answer, and none to come
    if (!exchange->response.complete)
        return cut_head_judge(exchange, idle);
    if (response_size(exchange, &size))
        return record->response_bytes >= size ? FRAMING_COMPLETE : FRAMING_OPEN;
    return exchange->response.headers.chunked ? chunked_judge(record, idle) : FRAMING_OPEN;
}

bool framing_has_surplus(const struct exchange *exchange)
{
    uint16_t status = exchange->response.status;
    bool tunnel = status == 101 || (exchange->request.method == HTTP_METHOD_CONNECT && status / 100 == 2);
    uint64_t size;
    return !tunnel && response_size(exchange, &size) && exchange->record->response_bytes > size;
}
