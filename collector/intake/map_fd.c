// Looking at a map's fd from outside; see map_fd.h. Called for each fd that the loader sends.
#include "collector/intake/map_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <linux/bpf.h>
#include "common/abi/counters.h"

#define MAP_LINK "anon_inode:bpf-map"

// The number after "\nname:\t"; UINT64_MAX if there is none.
static uint64_t field(const char *text, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, name, n) == 0 && line[n] == ':' && strspn(line + n + 1, "\t ") > 0)
            return strtoull(line + n + 1, NULL, 10);
    return UINT64_MAX;
}

int map_fd_describes(const char *text, enum message_map map, size_t size)
{
    uint64_t type = field(text, "map_type"), entries = field(text, "max_entries"), value = field(text, "value_size");
    if (map != MESSAGE_MAP_COUNTERS)
        return type == BPF_MAP_TYPE_RINGBUF && entries == size ? 0 : -EPROTOTYPE;
    return type == BPF_MAP_TYPE_ARRAY && value == sizeof(struct counters) && entries > 0 &&
                   entries <= size / sizeof(struct counters) && entries * sizeof(struct counters) == size
               ? 0
               : -EPROTOTYPE;
}

int map_fd_check(int fd, enum message_map map, size_t size)
{
    char path[48], text[1024];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, text, sizeof text);
    if (n < 0)
        return -errno;
    if (n != sizeof MAP_LINK - 1 || memcmp(text, MAP_LINK, sizeof MAP_LINK - 1) != 0)
        return -EBADF;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
    cleanup_fd int info = open(path, O_RDONLY | O_CLOEXEC);
    if (info < 0 && errno == EACCES)
        return 0; // before Linux 5.14 a process that may not be traced cannot read this of itself: mmap checks the size
    n = info < 0 ? -1 : read(info, text, sizeof text - 1);
    if (n < 0)
        return -errno;
    text[n] = 0;
    return map_fd_describes(text, map, size);
}
