// The traceparent and tracestate headers (W3C Trace Context): the caller's trace and span. Foreign text; called by
// span/trace_context.c.
#pragma once

#include "collector/span/trace_context.h"

// All but trace_state. False if the header is to be ignored (section 3.2 of the recommendation says when); then nothing
// is written.
bool traceparent_parse(struct str header, struct trace_context *ret_context);

// May this tracestate be passed on as it is? Printable ASCII, at most 512 bytes (section 3.3.1); its list is for others
// to read.
bool tracestate_valid(struct str header);
