// Is what the loader sent what it says it is? bpf() is refused to us, so the kernel's own words in /proc/self are
// asked: the link's text, which no file, memfd or device can have, and the map's type and sizes. A ring of the kernel's
// type has data pages that no user space, the loader's included, can write: so a record that was checked stays as it
// was until we let it go, and no copy of it is needed.
#pragma once

#include <stddef.h>
#include "common/ipc/message.h"
#include "common/lib/cleanup.h"

// 0; -EBADF: not a BPF map; -EPROTOTYPE: of another type or size; -errno: /proc cannot be read. size as in the loader's
// message.
int map_fd_check(int fd, enum message_map map, size_t size) must_check;
// For map_fd_check and its test: text is what /proc/self/fdinfo shows. 0 or -EPROTOTYPE.
int map_fd_describes(const char *text, enum message_map map, size_t size) must_check;
