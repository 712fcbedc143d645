// Records put together anew from the parts of others, in storage of our own. Called by conn/ only.
#pragma once

#include "collector/span/exchange.h"

// Room for any record.
union record_room {
    struct http1_record record;
    uint8_t bytes[HTTP1_RECORD_SIZE_MAX];
};

struct str record_path(const struct http1_record *record);

// Is all that was sent of the response so far in its capture?
static inline bool record_response_whole(const struct http1_record *record)
{
    return record->response_bytes <= record->response_captured;
}

// facts' times, totals and addresses with these three parts, each cut to what a record holds. There must be room for
// them behind *to, and they must not lie there; facts may be *to.
void record_compose(struct http1_record *to, const struct http1_record *facts, struct str request, struct str response,
                    struct str path);
