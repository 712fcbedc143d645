// http.route of each span (a client's url.template), and which requests are left out: by the configuration's patterns
// (route_match.h), then, as it says, nothing, "/**", the path, or what is learned from paths (route_shape.h,
// route_tree.h). What a path gave is remembered by its hash, so that most paths are not looked at again. Called by
// conn/ for each span; paths are foreign bytes, everything that is kept is bounded.
#pragma once

#include "collector/span/route_config.h"
#include "collector/span/span.h"

struct router;
// Keeps nothing of the configuration but copies. 0 or -ENOMEM.
int router_new(struct router **ret_router, const struct route_config *config) must_check;
void router_free(struct router *router);
// Obeys another configuration from now on; what was learned stays, if it may. 0, or -ENOMEM and all is as it was.
int router_configure(struct router *router, const struct route_config *config) must_check;
// Sets span->route, which is valid until the next call, and span->ignored.
void router_span(struct router *router, struct span *span);
