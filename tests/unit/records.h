// Made-up ring records for tests: a complete exchange on a TCP connection, to be changed field by field.
#pragma once

#include <arpa/inet.h>
#include "collector/conn/record.h"

#define RECORD_PID 0x70000000u

// Room holds a server's record: 192.0.2.1:50000 > 127.0.0.1:8080, arrived at 1000, read at 1500, answered 2000 to 3000.
static inline struct http1_record *record_make(union record_room *room, struct str request, struct str response)
{
    struct http1_record facts = {
        .kind = RECORD_KIND_HTTP1,
        .family = AF_INET,
        .role = RECORD_ROLE_SERVER,
        .pid = RECORD_PID,
        .connection = 7,
        .sequence = 1,
        .local_port = 8080,
        .remote_port = 50000,
        .local_address = {127, 0, 0, 1},
        .remote_address = {192, 0, 2, 1},
        .arrived = 1000,
        .started = 1500,
        .responded = 2000,
        .ended = 3000,
        .request_bytes = request.n,
        .response_bytes = response.n,
    };
    if (response.n > HEAD_CAPTURE_MAX)
        memcpy(facts.tail, response.p + response.n - TAIL_CAPTURE, TAIL_CAPTURE);
    record_compose(&room->record, &facts, request, response, STR(""));
    return &room->record;
}
