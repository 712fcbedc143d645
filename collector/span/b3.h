// B3, Zipkin's headers (openzipkin/b3-propagation): the caller's trace and span in one header or in several. Foreign
// text; called by span/trace_context.c.
#pragma once

#include "collector/span/trace_context.h"

// The single header wins; without a valid one the others count. Ids of 64 bits are padded with zeros in front; "debug"
// is a decision to sample; no flag defers the decision to us. Without ids a decision may stand alone ("b3: 0"). The
// parent's parent is not looked at. False if nothing of that is there in a valid form; then nothing is written.
bool b3_parse(const struct http1_b3 *headers, struct trace_context *ret_context);
