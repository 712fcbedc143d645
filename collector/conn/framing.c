// Completeness of responses; see framing.h. The totals come from the kernel, the heads and last bytes from a stranger.
#include "collector/conn/framing.h"

#include "collector/conn/record.h"

// Ends with the last chunk and no trailer. Its first CR LF is the end of the chunk before, or of the head.
#define LAST_CHUNK "\r\n0\r\n\r\n"
#define EMPTY_LINE "\r\n\r\n"

// Of a chunked response all of which was captured.
static uint64_t chunked_size(const struct exchange *exchange)
{
    const struct http1_record *record = exchange->record;
    size_t head_size = exchange->response.head_size;
    if (!exchange->response.headers.chunked || !record_response_whole(record) || head_size < 2)
        return FRAME_SIZE_UNKNOWN;
    struct str capture = exchange_response_capture(record);
    struct str body = {capture.p + head_size - 2, capture.n - head_size + 2};
    const char *last = memmem(body.p, body.n, LAST_CHUNK, sizeof LAST_CHUNK - 1);
    return last ? (uint64_t)(last - capture.p) + sizeof LAST_CHUNK - 1 : FRAME_SIZE_UNKNOWN;
}

// Bytes of the whole response, head included, if that can be told.
static uint64_t response_size(const struct exchange *exchange, bool bodyless)
{
    const struct http1_response *response = &exchange->response;
    if (!response->complete)
        return FRAME_SIZE_UNKNOWN;
    if (bodyless)
        return response->head_size;
    if (response->headers.content_length != HTTP1_LENGTH_UNKNOWN)
        return response->head_size + (uint64_t)response->headers.content_length;
    return chunked_size(exchange);
}

void frame_take(const struct exchange *exchange, struct frame *ret_frame)
{
    const struct http1_response *response = &exchange->response;
    enum http_method method = exchange->request.method;
    ret_frame->bodyless = http1_response_bodyless(method, response->status);
    ret_frame->tunnel = response->status == 101 || (method == HTTP_METHOD_CONNECT && response->status / 100 == 2);
    ret_frame->size = response_size(exchange, ret_frame->bodyless);
    ret_frame->content_length = response->headers.content_length;
    ret_frame->head_size = (uint32_t)response->head_size;
    ret_frame->status = response->status;
    ret_frame->captured = exchange->record->response_captured;
    ret_frame->complete = response->complete;
    ret_frame->chunked = response->headers.chunked;
}

static bool fully_captured(const struct frame *frame, const struct http1_record *record)
{
    return record->response_bytes <= frame->captured;
}

// The last bytes of the response so far: at most 8 if it is longer than its capture.
static bool ends_with(const struct frame *frame, const struct http1_record *record, struct str end)
{
    struct str last = exchange_response_capture(record);
    if (!fully_captured(frame, record))
        last = (struct str){(const char *)record->tail, TAIL_CAPTURE};
    return last.n >= end.n && memcmp(last.p + last.n - end.n, end.p, end.n) == 0;
}

static enum framing chunked_judge(const struct frame *frame, const struct http1_record *record, bool idle)
{
    bool whole = ends_with(frame, record, STR(LAST_CHUNK)) || (idle && ends_with(frame, record, STR(EMPTY_LINE)));
    return whole ? FRAMING_COMPLETE : FRAMING_OPEN;
}

// The head goes on beyond its capture, or is not all sent yet.
static enum framing cut_head_judge(const struct frame *frame, const struct http1_record *record, bool idle)
{
    if (fully_captured(frame, record))
        return FRAMING_UNKNOWN;
    if (frame->bodyless || frame->content_length == 0)
        return ends_with(frame, record, STR(EMPTY_LINE)) ? FRAMING_COMPLETE : FRAMING_UNKNOWN;
    if (frame->chunked)
        return chunked_judge(frame, record, idle);
    if (frame->content_length == HTTP1_LENGTH_UNKNOWN)
        return FRAMING_UNKNOWN;
    uint64_t least = frame->captured + (uint64_t)frame->content_length;
    return record->response_bytes < least ? FRAMING_OPEN : FRAMING_UNKNOWN;
}

enum framing framing_judge(const struct frame *frame, const struct http1_record *record, bool idle)
{
    if (frame->status == 0)
        return FRAMING_COMPLETE; // there is no answer, and none to come
    if (!frame->complete)
        return cut_head_judge(frame, record, idle);
    if (frame->size != FRAME_SIZE_UNKNOWN)
        return record->response_bytes >= frame->size ? FRAMING_COMPLETE : FRAMING_OPEN;
    return frame->chunked ? chunked_judge(frame, record, idle) : FRAMING_OPEN;
}

bool framing_has_surplus(const struct frame *frame, const struct http1_record *record)
{
    return !frame->tunnel && frame->size != FRAME_SIZE_UNKNOWN && record->response_bytes > frame->size;
}
