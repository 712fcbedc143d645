// Pins of links, programs and maps in one bpffs directory of mode 0700 that belongs to the loader's user. They keep
// the probes attached while no loader runs; the next one adopts them if they are its own, to the letter, and else
// replaces them.
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include "common/lib/cleanup.h"

struct probes;

// Opens the directory; root makes it first, for uid. Below /sys/fs/bpf (mode 0700, root's) everything later goes by
// this fd. Returns the fd or -errno after a log line.
int pin_open(const char *path, uid_t uid, gid_t gid) must_check;
// Takes over what is pinned, if programs (by tag) and maps (by definition) are those of `probes`, which is
// loaded and not attached. 1: taken over, 0: nothing usable there (and nothing left there), -errno after a log line.
int pin_adopt(int directory, const struct probes *probes) must_check;
// Pins everything. 0 or -errno after a log line.
int pin_all(int directory, const struct probes *probes) must_check;
// Removes what was pinned, and the directory if we may.
void pin_remove(int directory, const char *path);
