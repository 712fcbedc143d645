// See unfinished.h.
#include "collector/conn/unfinished.h"

#include <stdlib.h>

struct unfinished *unfinished_new(const struct exchange *exchange, const struct frame *frame)
{
    const struct http1_record *record = exchange->record;
    struct str response = exchange_response_capture(record), path = record_path(record);
    if (response.n > TAIL_CAPTURE)
        response = (struct str){response.p + response.n - TAIL_CAPTURE, TAIL_CAPTURE};
    struct unfinished *unfinished = malloc(sizeof *unfinished + record->request_captured + response.n + path.n);
    if (!unfinished)
        return NULL;
    unfinished->frame = *frame;
    record_compose(&unfinished->record, record, exchange_request_capture(record), response, path);
    return unfinished;
}

void unfinished_free(struct unfinished *unfinished)
{
    free(unfinished);
}

void unfinished_restore(const struct unfinished *unfinished, struct exchange *ret_exchange)
{
    const struct frame *frame = &unfinished->frame;
    *ret_exchange = (struct exchange){
        .record = &unfinished->record,
        .response =
            {
                .status = frame->status,
                .complete = frame->complete,
                .head_size = frame->head_size,
                .headers = {.content_length = frame->content_length, .chunked = frame->chunked},
            },
    };
    // The same bytes gave a request before.
    ret_exchange->request_status =
        http1_request_parse(exchange_request_capture(&unfinished->record), &ret_exchange->request);
}

enum parse_status unfinished_recapture(struct unfinished **unfinished, const struct http1_record *later)
{
    const struct http1_record *record = &(*unfinished)->record;
    const struct http1_record *asked = later->request_captured ? later : record; // a pipelined one's stands only here
    union record_room room;
    struct exchange exchange;
    struct frame frame;
    record_compose(&room.record, record, exchange_request_capture(asked), exchange_response_capture(later),
                   record_path(record));
    enum parse_status status = exchange_parse(&room.record, &exchange);
    if (status != PARSE_OK)
        return status;
    frame_take(&exchange, &frame);
    struct unfinished *renewed = unfinished_new(&exchange, &frame);
    if (renewed) { // else the older heads have to do
        unfinished_free(*unfinished);
        *unfinished = renewed;
    }
    return PARSE_OK;
}
