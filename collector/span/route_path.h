// A request's path taken apart into percent-decoded segments. Called by route.c, route_match.c. The path is foreign
// bytes. Pure.
#pragma once

#include <stdbool.h>
#include "collector/span/route_config.h"
#include "common/lib/str.h"

#define ROUTE_PATH_BYTES_MAX 1024

struct route_path {
    // Not empty: "//" is "/", and a slash at the end adds nothing. Without parameters behind ';' (RFC 3986 3.3).
    struct str segment[ROUTE_PATTERN_PLACES];
    unsigned count;
    bool more; // what follows is not known, or too long: only the segments above are sure to be whole
    char decoded[ROUTE_PATH_BYTES_MAX]; // those that had anything to decode
};

// truncated: the path was cut off somewhere. False if it is no path ("*", an authority); then nothing is written.
// *ret_path holds slices of path and must not be copied.
bool route_path_split(struct str path, bool truncated, struct route_path *ret_path);
// %XX becomes its byte, all else stays. to: room for s.n bytes, where the result is.
struct str route_path_decode(struct str s, char *to);
