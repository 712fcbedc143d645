// Pins of links and maps under one bpffs directory of mode 0700: they keep the probes attached while no loader runs.
#pragma once

#include "common/lib/cleanup.h"

struct redstart_bpf;

// Pins everything of the skeleton under path (made if missing). 0 or -errno after a log line.
int pin_all(struct redstart_bpf *skeleton, const char *path) must_check;
// Removes what was pinned and the directory; what is not there is fine. 0 or -errno.
int pin_remove(const char *path);
