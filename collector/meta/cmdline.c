// See cmdline.h.
#include "collector/meta/cmdline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

int cmdline_read(uint32_t pid, char *buffer, size_t size, size_t *ret_n)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%u/cmdline", pid);
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

bool cmdline_next(struct str *rest, struct str *ret_argument)
{
    if (rest->n == 0)
        return false;
    const char *end = memchr(rest->p, 0, rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    *ret_argument = (struct str){rest->p, n};
    n += end ? 1 : 0;
    rest->p += n;
    rest->n -= n;
    return true;
}
