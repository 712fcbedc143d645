// What a process of redstart takes of the machine, from /proc, which anybody may read. Called by main.c for each page
// of metrics.
#pragma once

#include <stdint.h>
#include "common/lib/cleanup.h"

struct usage {
    uint64_t cpu_ns; // user and system, of all its threads
    uint64_t resident_bytes;
};

// pid 0: ourselves. 0 or -errno (-ENOENT: there is no such process, or /proc does not show it).
int usage_read(uint32_t pid, struct usage *ret_usage) must_check;
