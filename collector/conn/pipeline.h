// Requests that were read together with another one (RFC 9112 9.3.2) and wait for their responses, in order. Their
// times are those of the call that read them all. Called by pairing.c; the bytes are a stranger's.
#pragma once

#include "collector/conn/record.h"

struct pipeline {
    uint16_t count; // requests that wait, one at least
    uint16_t n;     // bytes of them
    uint64_t arrived, started;
    uint64_t beyond; // bytes that were read behind them: the rest of the last one, or requests not captured
    uint8_t bytes[HEAD_CAPTURE_MAX];
};

// How many whole heads stand behind the exchange's own request in its capture, and the bytes of these requests.
unsigned pipeline_count(const struct exchange *exchange, struct str *ret_behind);
// Takes what pipeline_count found. NULL: no memory.
struct pipeline *pipeline_new(const struct http1_record *record, struct str behind, unsigned count) must_check;
void pipeline_free(struct pipeline *pipeline);
// The oldest waiting request moves out, into a record with this response.
void pipeline_take(struct pipeline *pipeline, const struct http1_record *response, union record_room *ret_record);
