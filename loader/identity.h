// Who the loader is: never uid 0 once it touches anything, with exactly the capabilities that the phase it is in needs.
//
//   start     whatever we were given: root, or a system user with ambient capabilities
//   load      own uid; CAP_BPF, CAP_PERFMON (load, attach), CAP_SYS_PTRACE (/proc/PID/exe of others),
//             CAP_DAC_READ_SEARCH (reach our directory below root's /sys/fs/bpf; given up with the rest)
//   serve     own uid; CAP_SYS_PTRACE, and CAP_BPF only on kernels that want it for BPF_ITER_CREATE (before 5.19)
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/capability.h>
#include <sys/types.h>
#include "common/lib/cleanup.h"

#define CAPABILITY(number) (UINT64_C(1) << (number))

// What this process may make use of: a CAPABILITY() each.
uint64_t identity_capabilities(void);
// Root becomes uid (and gid) for good and keeps the capabilities of "load"; another user only gives up what is more
// than those. No new privileges, not dumpable. 0 or -errno after a log line.
int identity_take(uid_t uid, gid_t gid) must_check;
// Gives up everything that serving does not need and checks that it is gone by trying to regain it. probe tells
// whether serving works without CAP_BPF. 0 or -errno after a log line.
int identity_seal(bool (*probe)(void *context), void *context) must_check;
