// Routes as people write them, into struct route_config: by options (--routes, --route, --ignore-route) and by the
// file's `routes`. The text comes from whoever starts redstart.
#pragma once

#include "collector/conf/complaint.h"
#include "collector/span/route_config.h"
#include "common/lib/cleanup.h"
#include "common/lib/str.h"

// unset, wildcard, path or heuristic (any case). 0 or -EINVAL.
int route_options_unmatched(const char *text, enum route_unmatched *ret_unmatched) must_check;
extern const char *const route_options_unmatched_names[ROUTE_UNMATCHED_MAX + 1]; // ends in NULL
// NULL if it is a pattern, else what is wrong with it: "expected a leading /", to be put behind its name.
const char *route_options_problem(const char *pattern);
// Keeps the pointers of *pattern. 0, or -EINVAL with complaint->error, where `what` names the option or key.
int route_options_add(struct route_config *config, const struct route_pattern *pattern, const char *what,
                      struct complaint *complaint) must_check;
// What --ignore-route says: left out of metrics and traces, in both directions. 0, or -EINVAL with complaint->error.
int route_options_ignore(struct route_config *config, const char *pattern, struct complaint *complaint) must_check;
