// Patterns of the configuration as tries, one for each service (and all), direction and purpose. Matching goes from the
// left, segment by segment, and tries literal text first, then text around a {name} (the longest first), then {name},
// then a * that takes the rest; what leads nowhere is taken back. So the most specific pattern wins, whatever the order
// in the file, and no path visits a node twice. Called by route.c; patterns were checked (conf/route_options.h).
#pragma once

#include "collector/span/route_path.h"
#include "collector/span/span.h"

struct route_match;
// Keeps copies of all texts. 0 or -ENOMEM.
int route_match_new(struct route_match **ret_match, const struct route_config *config) must_check;
void route_match_free(struct route_match *match);

struct route_found {
    struct str route; // the pattern as written; "" if none matches
    uint8_t ignore;   // of enum route_signal
};
// A service's own patterns come before those of all. Ignore patterns apply whether or not a route was found.
struct route_found route_match_find(const struct route_match *match, const struct route_path *path, enum span_kind kind,
                                    struct str service);
