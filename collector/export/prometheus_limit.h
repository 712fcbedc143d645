// How long a connection to /metrics may take: from its start, and again from the end of each answer, to the end of the
// next one. libmicrohttpd's own timeout ends silent connections only; this one ends those that drip as well. Called by
// prometheus.c; one for each listener.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PROMETHEUS_CONNECTIONS_MAX 64

struct prometheus_limit {
    unsigned count;
    struct prometheus_limited {
        int fd;         // valid while in use; closed by libmicrohttpd
        uint64_t since; // monotonic, ns; 0: free
        bool asked;     // a request is there and not yet answered: not before a handshake, not between requests
    } connection[PROMETHEUS_CONNECTIONS_MAX];
};

// NULL if there are too many (libmicrohttpd accepts no more than that).
struct prometheus_limited *prometheus_limit_add(struct prometheus_limit *limit, int fd, uint64_t now_ns);
void prometheus_limit_remove(struct prometheus_limit *limit, struct prometheus_limited *connection);
// Shuts down what has taken too long; libmicrohttpd then closes it. Where no further connection fits, less is too long,
// and still less for those who have not asked for anything.
void prometheus_limit_enforce(struct prometheus_limit *limit, uint64_t now_ns);
