// The traceparent header (W3C Trace Context): the caller's trace and span. Foreign text; called by span/exchange.c.
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
