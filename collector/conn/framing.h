// Is this response whole? By RFC 9112 section 6, from the captured head, the byte count, and the response's last bytes.
// Pure; called by pairing.c.
#pragma once

#include "collector/span/exchange.h"

enum framing {
    FRAMING_COMPLETE, // all of it was sent
    FRAMING_OPEN,     // more must come (or the connection's end, for a response that ends with it)
    FRAMING_UNKNOWN,  // the head's end was not captured: cannot be told
};

#define FRAME_SIZE_UNKNOWN UINT64_MAX

// All that the head of a response says of its length: what an exchange is judged by when its captures are long gone.
struct frame {
    uint64_t size;          // of the whole response, head included; FRAME_SIZE_UNKNOWN
    int64_t content_length; // as in struct http1_headers
    uint32_t head_size;     // as in struct http1_response
    uint16_t status;        // 0: no answer
    uint16_t captured;      // bytes of the response that were captured
    bool complete, chunked; // as parsed
    bool bodyless, tunnel;  // whatever its headers say
};

void frame_take(const struct exchange *exchange, struct frame *ret_frame);
// record: the exchange's, with the totals of today. Of its capture of the response only the end is looked at. idle:
// nothing came for a while, so what may be the end of a trailer section is taken for it.
enum framing framing_judge(const struct frame *frame, const struct http1_record *record, bool idle);
// Were more bytes sent than this response has? Then another response shares its bytes (pipelining).
bool framing_has_surplus(const struct frame *frame, const struct http1_record *record);
