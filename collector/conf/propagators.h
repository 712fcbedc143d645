// Which headers a request's trace is read from: --propagators and OTEL_PROPAGATORS. Called by options.c.
#pragma once

#include "collector/conf/complaint.h"
#include "collector/span/trace_context.h"

// The option's list; a mistake is an error. 0 or -EINVAL.
int propagators_parse(const char *list, struct propagators *ret_propagators, struct complaint *complaint) must_check;
// The variable's: what is wrong in it is warned about and left out. False, and nothing is changed, if nothing remains.
bool propagators_environment(char *const *environment, struct propagators *propagators, struct complaint *complaint);
// As a list: "tracecontext,b3"; "none".
void propagators_write(const struct propagators *propagators, char *text, size_t size);
