// What stands in a route for one segment of a path: the segment itself where it reads like a name that the API fixed,
// else "{id}", whatever the identifier is (number, UUID, hash, date, e-mail address, token, slug ...): one name, so
// that a place that takes several sorts is one route. A file keeps its kind ("{id}.js"), a custom verb its name
// ("{id}:publish"). Called by route.c. Segments are foreign bytes, percent-decoded. Pure.
#pragma once

#include "common/lib/str.h"

#define ROUTE_SHAPE_ID  STR("{id}")
#define ROUTE_SHAPE_MAX 128 // bytes of a result; what is longer varies

struct route_shape_place {
    struct str segment;  // not empty
    struct str previous; // the segment before it, "" if it is the first
    unsigned index;      // 0, 1, 2 ...
    bool last;
};

// The result is the segment, static, or in the scratch.
struct str route_shape(const struct route_shape_place *place, char scratch[static ROUTE_SHAPE_MAX]);
