// A process's arguments, as it shows them in /proc/PID/cmdline: foreign text, NUL-separated, of any length.
// Called by meta/process.c; read once per process event.
#pragma once

#include <stdint.h>
#include "common/lib/cleanup.h"
#include "common/lib/str.h"

#define CMDLINE_MAX 4096

// The first size bytes. 0 or -errno (-ENOENT, -ESRCH when it is gone).
int cmdline_read(uint32_t pid, char *buffer, size_t size, size_t *ret_n) must_check;
// Cuts the next argument off *rest. False at the end.
bool cmdline_next(struct str *rest, struct str *ret_argument);
