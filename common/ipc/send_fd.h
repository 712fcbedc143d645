// One message with one fd attached, over a Unix socket: what both conversations of the loader are made of.
#pragma once

#include <stddef.h>
#include "common/lib/cleanup.h"

// Never blocks. 0 or -errno (-EAGAIN: the peer's buffer is full).
int send_fd(int socket_fd, const void *message, size_t size, int fd) must_check;
