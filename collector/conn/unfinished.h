// An exchange whose response goes on, as little as will do until its end: thousands of connections can have one. The
// request as captured, the kernel's facts, and of the response what its head said. Called by pairing.c.
#pragma once

#include "collector/conn/framing.h"
#include "collector/conn/record.h"

struct unfinished {
    struct frame frame;
    struct http1_record record; // totals grow; of the response's capture it has the last TAIL_CAPTURE bytes
};

// A copy of the exchange, of which nothing is kept by pointer. NULL: no memory.
struct unfinished *unfinished_new(const struct exchange *exchange, const struct frame *frame) must_check;
void unfinished_free(struct unfinished *unfinished);
// The exchange again, as far as a span asks for it: of the response's headers those in the frame. Points into it.
void unfinished_restore(const struct unfinished *unfinished, struct exchange *ret_exchange);
// A later record brought the captures again: what its heads say now counts. *unfinished may be another one then. Else
// than PARSE_OK: they make no exchange, and it stays as it is.
enum parse_status unfinished_recapture(struct unfinished **unfinished, const struct http1_record *later);
// Judges it by what it knows, see framing.h.
static inline enum framing unfinished_judge(const struct unfinished *unfinished, bool idle)
{
    return framing_judge(&unfinished->frame, &unfinished->record, idle);
}
