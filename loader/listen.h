// The socket at which the collector finds us.
#pragma once

#include "common/lib/cleanup.h"

// Creates and listens on the socket, unless another loader does. Returns the fd or -errno after a log line.
int listen_open(const char *path) must_check;
