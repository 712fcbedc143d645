// The sockets that /metrics listens on. Ours and not libmicrohttpd's, so that what fails has its errno, and so that
// "localhost" is both ::1 and 127.0.0.1.
#pragma once

#include <stdint.h>
#include "common/lib/cleanup.h"

#define PROMETHEUS_LISTEN_MAX 2

// address as in prometheus_new. Non-blocking, listening. On success the caller owns *ret_count (1 or 2) fds; a host
// without IPv6 gives the IPv4 one alone. 0 or -errno; -EINVAL if the address is not one.
int prometheus_listen(const char *address, uint16_t port, int ret_fds[PROMETHEUS_LISTEN_MAX],
                      unsigned *ret_count) must_check;
