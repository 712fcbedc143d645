// Is this response whole? By RFC 9112 section 6, from the captured head, the byte count, and the response's last bytes.
// Pure; called by pairing.c.
#pragma once

#include "collector/span/exchange.h"

enum framing {
    FRAMING_COMPLETE, // all of it was sent
    FRAMING_OPEN,     // more must come (or the connection's end, for a response that ends with it)
    FRAMING_UNKNOWN,  // the head's end was not captured: cannot be told
};

// idle: nothing came for a while, so what may be the end of a trailer section is taken for it.
enum framing framing_judge(const struct exchange *exchange, bool idle);
// Were more bytes sent than this response has? Then another response shares its bytes (pipelining).
bool framing_has_surplus(const struct exchange *exchange);
