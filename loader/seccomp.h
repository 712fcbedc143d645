// System call filters (seccomp(2)), written here as tables, so that this file and AUDIT.md can be laid side by side.
// A violation is logged with the call's number and ends the process.
#pragma once

#include "common/lib/cleanup.h"

// Before loading: everything but what a loader never does (execute, network, trace, mount, modules, keys, namespaces
// ...). 0 or -errno after a log line.
int seccomp_before_load(void) must_check;
// Before serving: nothing but what serving does; of bpf(2) only BPF_ITER_CREATE and BPF_OBJ_GET_INFO_BY_FD. Memory
// cannot grow any more.
int seccomp_before_serve(void) must_check;
