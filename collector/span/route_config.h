// How http.route (a client's url.template) comes about and which requests are left out: what options and the file
// say, and span/route.c obeys. Filled by conf/route_options.c, whose functions check what they add.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ROUTE_PATTERNS_MAX     1024
#define ROUTE_PATTERN_TEXT_MAX 127 // bytes; what a series' label can hold
#define ROUTE_PATTERN_PLACES   24  // segments of a pattern
#define ROUTE_VALUES_MAX       1000

// What becomes of a request that no pattern matches.
enum route_unmatched {
    ROUTE_UNMATCHED_UNSET,     // no route
    ROUTE_UNMATCHED_WILDCARD,  // "/**"
    ROUTE_UNMATCHED_PATH,      // the raw path
    ROUTE_UNMATCHED_HEURISTIC, // places that vary become "{id}"
    ROUTE_UNMATCHED_MAX
};

enum route_signal { ROUTE_SIGNAL_METRICS = 1, ROUTE_SIGNAL_TRACES = 2 }; // of a mask

struct route_pattern {
    const char *service; // service.name that it is for; NULL: all
    const char *pattern; // "/users/{id}", "/users/:id", "/static/*"
    bool incoming, outgoing;
    uint8_t ignore; // of enum route_signal: requests that match are left out there; 0: it is a route
};

struct route_config {
    enum route_unmatched unmatched;
    unsigned values_per_segment; // distinct values at one place of learned routes (ROUTE_UNMATCHED_HEURISTIC)
    unsigned count;
    struct route_pattern patterns[ROUTE_PATTERNS_MAX]; // texts are the owner's and outlive the router's start
};
