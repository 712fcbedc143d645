// What anybody may read of another process in /proc (unless hidepid hides it): foreign text of any length.
// Called by meta/process.c for each process event, and by whoever stands between the two (intake/recorder.c).
#pragma once

#include <stdint.h>
#include "common/lib/cleanup.h"

#define PROC_FILE_BYTES_MAX 4096 // more of it is not looked at

enum proc_file { PROC_FILE_CMDLINE, PROC_FILE_CGROUP };

// The first size bytes. 0 or -errno (-ENOENT, -ESRCH when it is gone or hidden).
int proc_file_read(enum proc_file file, uint32_t pid, char *buffer, size_t size, size_t *ret_n) must_check;
