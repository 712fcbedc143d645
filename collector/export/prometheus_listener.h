// One listening socket of /metrics: libmicrohttpd's daemon on our loop, its limits, and its TLS. Who connects is a
// stranger: libmicrohttpd parses requests, GnuTLS handshakes, with a cap on connections, on each connection's memory
// and on its silence; prometheus_limit.c ends those that take too long. Called by prometheus.c.
#pragma once

#include <microhttpd.h>
#include "collector/core/loop.h"
#include "collector/export/prometheus_limit.h"
#include "collector/export/web.h"

struct prometheus_listener {
    struct loop *loop;
    struct web *web; // NULL: no web.yml
    struct MHD_Daemon *daemon;
    int epoll_fd, timer, limit_timer; // -1: none
    struct prometheus_limit limit;
    struct web_tls *tls[PROMETHEUS_CONNECTIONS_MAX]; // of the connection with the same index in limit
};

// Takes the fd. handle is called for each request with context; what it leaves in the request's state is given to
// free(). On failure: close. 0 or -errno.
int prometheus_listener_open(struct prometheus_listener *listener, struct loop *loop, int fd, struct web *web,
                             MHD_AccessHandlerCallback handle, void *context) must_check;
// No connection may be suspended.
void prometheus_listener_close(struct prometheus_listener *listener);
// Call from handle when a request's head is there.
void prometheus_listener_asked(struct MHD_Connection *connection);
// Call after resuming one of its connections.
void prometheus_listener_run(struct prometheus_listener *listener);
