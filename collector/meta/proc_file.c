// See proc_file.h.
#include "collector/meta/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const char *const names[] = {[PROC_FILE_CMDLINE] = "cmdline", [PROC_FILE_CGROUP] = "cgroup"};

int proc_file_read(enum proc_file file, uint32_t pid, char *buffer, size_t size, size_t *ret_n)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%u/%s", pid, names[file]);
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t n = 0;
    while (n < size) {
        ssize_t got = read(fd, buffer + n, size - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    *ret_n = n;
    return 0;
}
