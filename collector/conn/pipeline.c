// See pipeline.h.
#include "collector/conn/pipeline.h"

#include <stdlib.h>

// Bytes of the first request in the text, body included; 0 if its head is not whole, or if its end cannot be told.
static uint64_t request_size(struct str text)
{
    struct exchange first;
    if (http1_request_parse(text, &first.request) != PARSE_OK)
        return 0;
    return exchange_request_size(&first);
}

unsigned pipeline_count(const struct exchange *exchange, struct str *ret_behind)
{
    struct str capture = exchange_request_capture(exchange->record);
    uint64_t first = exchange_request_size(exchange), at = first;
    unsigned count = 0;
    while (at && at < capture.n) {
        uint64_t size = request_size((struct str){capture.p + at, capture.n - (size_t)at});
        if (size == 0)
            break;
        at += size;
        count++;
    }
    if (count)
        *ret_behind = (struct str){capture.p + first, (size_t)((at < capture.n ? at : capture.n) - first)};
    return count;
}

struct pipeline *pipeline_new(const struct http1_record *record, struct str behind, unsigned count)
{
    struct pipeline *pipeline = malloc(sizeof *pipeline);
    if (!pipeline)
        return NULL;
    size_t end = (size_t)(behind.p + behind.n - (const char *)record->data);
    pipeline->count = (uint16_t)count;
    pipeline->n = (uint16_t)(behind.n < sizeof pipeline->bytes ? behind.n : sizeof pipeline->bytes);
    pipeline->arrived = record->arrived;
    pipeline->started = record->started;
    pipeline->beyond = record->request_bytes > end ? record->request_bytes - end : 0;
    memcpy(pipeline->bytes, behind.p, pipeline->n);
    return pipeline;
}

void pipeline_free(struct pipeline *pipeline)
{
    free(pipeline);
}

void pipeline_take(struct pipeline *pipeline, const struct http1_record *response, union record_room *ret_record)
{
    struct str rest = {(const char *)pipeline->bytes, pipeline->n};
    uint64_t size = request_size(rest);
    size_t held = size < rest.n ? (size_t)size : rest.n;
    struct http1_record facts;
    memcpy(&facts, response, sizeof facts);
    facts.flags &= (uint16_t)~RECORD_FLAG_NO_REQUEST;
    facts.request_bytes = pipeline->count > 1 ? size : held + pipeline->beyond;
    facts.arrived = pipeline->arrived;
    facts.started = pipeline->started;
    record_compose(&ret_record->record, &facts, (struct str){rest.p, held}, exchange_response_capture(response),
                   record_path(response));
    memmove(pipeline->bytes, pipeline->bytes + held, pipeline->n - held);
    pipeline->n = (uint16_t)(pipeline->n - held);
    pipeline->count--;
}
