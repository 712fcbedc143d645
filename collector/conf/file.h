// A whole file in memory: configuration and certificates, which whoever starts redstart named. Never traffic.
#pragma once

#include <stddef.h>
#include "common/lib/cleanup.h"

// The caller frees *ret_bytes (wiped first if secret), which ends in a NUL beyond *ret_size. 0; -errno; -EFBIG above
// max.
int file_read(const char *path, size_t max, char **ret_bytes, size_t *ret_size) must_check;
// The same of an open one, from its beginning; of a pipe from where it is. fd stays open.
int file_read_fd(int fd, size_t max, char **ret_bytes, size_t *ret_size) must_check;
