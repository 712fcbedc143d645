// Who the two programs will be: each a user of its own, never root, never the same, without groups.
#pragma once

#include <sys/types.h>
#include "common/lib/cleanup.h"

#define IDENTITY_DYNAMIC_MIN 61184 // systemd's range for dynamic users
#define IDENTITY_DYNAMIC_MAX 65519

struct identity {
    uid_t uid;
    gid_t gid;
};

// Becomes that user for good, without groups and capabilities, and never to gain any. 0, or -1 with errno.
int identity_take(const struct identity *identity) must_check;
// name: of --user, or NULL: the user `usual` if there is one, else an uid of the dynamic range that nobody has or runs
// under. taken: the other program's (0: none yet). 0; -ENOENT: no such user; -EPERM: it is root, or taken; -EAGAIN:
// no uid is free.
int identity_choose(const char *name, const char *usual, uid_t taken, struct identity *ret_identity) must_check;
