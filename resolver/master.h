// The resolver's loop: a request, a child for it, an answer.
#pragma once

#include "common/ipc/resolver.h"
#include "common/lib/cleanup.h"

// What a child does inside the sandbox with a file of this size; fills status and executable. Tests put another in its
// place.
typedef void master_examine_fn(uint64_t size, struct resolver_answer *ret_answer);

// Answers requests until the other end of socket_fd is closed. 0, or -errno if the conversation broke.
int master_run(int socket_fd, master_examine_fn *examine) must_check;
