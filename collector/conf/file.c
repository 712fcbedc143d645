// See file.h.
#include "collector/conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM_FIRST 4096

int file_read_fd(int fd, size_t max, char **ret_bytes, size_t *ret_size)
{
    (void)lseek(fd, 0, SEEK_SET);
    size_t room = ROOM_FIRST, used = 0;
    char *bytes = malloc(room);
    int r = bytes ? 0 : -ENOMEM;
    while (r == 0) {
        ssize_t n = read(fd, bytes + used, room - used - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            r = n < 0 ? -errno : 0;
            break;
        }
        used += (size_t)n;
        if (used > max)
            r = -EFBIG;
        if (used < room - 1)
            continue;
        char *grown = malloc(2 * room); // and not realloc, which leaves a copy of a key behind
        if (grown)
            memcpy(grown, bytes, used);
        explicit_bzero(bytes, used);
        free(bytes);
        bytes = grown;
        room *= 2;
        r = r == 0 && !grown ? -ENOMEM : r;
    }
    if (r < 0) {
        free(bytes);
        return r;
    }
    bytes[used] = 0;
    *ret_bytes = bytes;
    *ret_size = used;
    return 0;
}

int file_read(const char *path, size_t max, char **ret_bytes, size_t *ret_size)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? -errno : file_read_fd(fd, max, ret_bytes, ret_size);
}
