// The socket at which the collector finds us.
#pragma once

#include <stdbool.h>
#include "common/lib/cleanup.h"

// True, after a log line that names its pid, if another loader serves this socket.
bool listen_held(const char *path);
// Creates and listens on the socket. Returns the fd or -errno after a log line.
int listen_open(const char *path) must_check;
