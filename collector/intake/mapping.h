// Pages shared with whoever sent us the fd. Only genuine BPF maps are accepted (map_fd.h), whose pages never go away;
// should one do so all the same (a file posing as a map, cut short under us), the process does not die of SIGBUS: zeros
// take the place of the pages, and the mapping says that it is lost. Used by ring.c and intake.c, on the loop's thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "common/lib/cleanup.h"

#define MAPPINGS_MAX 64

// Maps size bytes of fd, shared. NULL and errno: ENFILE if there are MAPPINGS_MAX already, or mmap(2)'s.
void *mapping_new(int fd, size_t size, int protection, off_t offset) must_check;
// NULL is fine.
void mapping_free(const void *address);
// Did its pages go away since mapping_new? From then on it reads as zeros, and what is written reaches nobody.
bool mapping_lost(const void *address);
