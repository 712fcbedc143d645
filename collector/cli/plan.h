// What a configuration file means for `redstart run`. The launcher is root and parses no file: it copies the bytes, and
// a child without any privilege (the collector's user, a system call filter) reads them and answers with this.
#pragma once

#include "collector/cli/identity.h"
#include "collector/cli/run_options.h"
#include "collector/conf/loader_conf.h"

struct plan {
    enum log_level log_level;
    enum log_format log_format;
    struct loader_conf selection; // what the file selects and the command line leaves to it
};

// fd: a copy of the file (plan_copy). 0; -EINVAL: it is no good, and the child has said why, in the log or (said at the
// start) on standard error; another -errno: it could not be asked.
int plan_make(const struct run_options *options, int fd, const struct identity *identity, char *const *environment,
              bool starting, struct plan *ret_plan) must_check;
// A copy of the file in memory that only root can write, or -errno.
int plan_copy(const char *path) must_check;
// The same bytes into another copy, whose readers keep their fds. 0 or -errno.
int plan_copy_replace(int to, int from) must_check;
