// What the resolver gives up. Two stages, each for good: the master, which still forks; its child, which reads one file
// and writes one answer. A call that is not listed ends the process at once (SIGSYS).
#pragma once

#include <sys/types.h>
#include "common/lib/cleanup.h"

#define SANDBOX_FILE_FD   0 // of the child: the file it may read,
#define SANDBOX_ANSWER_FD 1 // where its answer goes; it has no other fd

// As root: another user first. Then no capability in any set, no new privileges, not dumpable, dies with its parent,
// fds above 2 closed, small limits; then the filter. 0 or -errno.
int sandbox_master(void) must_check;
// For a child of the master: moves both fds to their places, closes all others, limits, filter. 0 or -errno.
int sandbox_child(int file_fd, int answer_fd, pid_t master) must_check;
