// The series that requests were counted in last, found by what a request says as it is: no texts are cleaned, no key is
// made, nothing hashed. Most requests are like one of the last few. Called by red.c, which empties it when series go.
#pragma once

#include "collector/red/red.h"

#define RECENT_MAX 64 // a power of two

struct recent {
    struct recent_request {
        struct red_series *series; // NULL: free
        uint64_t likeness;         // of its span
        const struct service *service;
        const char *scheme, *error_type;
        enum http_method method;
        enum http_version version;
        uint16_t status, port;
    } request[RECENT_MAX];
};

// The series of requests of servers that say the same, route included; NULL if it is not here.
struct red_series *recent_find(const struct recent *recent, const struct span *span);
// series: of this span. One without addresses and path.
void recent_keep(struct recent *recent, const struct span *span, struct red_series *series);
