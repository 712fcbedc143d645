// Which headers a request's trace is read from: --propagators and OTEL_PROPAGATORS. Called by options.c.
#pragma once

#include "collector/conf/complaint.h"
#include "collector/span/trace_context.h"

// The option's list; a mistake is an error. 0 or -EINVAL.
int propagators_parse(const char *list, struct propagators *ret_propagators, struct complaint *complaint) must_check;
// The variable's: what is wrong in it is warned about and left out; the default if nothing remains, or there is none.
void propagators_environment(char *const *environment, struct propagators *ret_propagators,
                             struct complaint *complaint);
