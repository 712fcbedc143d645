// The traceparent and tracestate headers (W3C Trace Context): the caller's trace and span. Foreign text; called by
// span/exchange.c.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "common/lib/str.h"

struct traceparent {
    uint8_t trace_id[16], parent_id[8];
    bool sampled;
};

// False if the header is to be ignored (section 3.2 of the recommendation says when); then nothing is written.
bool traceparent_parse(struct str header, struct traceparent *ret_traceparent);

// May this tracestate be passed on as it is? Printable ASCII, at most 512 bytes (section 3.3.1); its list is for others
// to read.
bool tracestate_valid(struct str header);
