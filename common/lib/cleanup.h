// Single resources that free themselves at the end of their scope.
// Multi-step roll-back uses `goto fail` instead (see shared style).
#pragma once

#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static inline void cleanup_pointer_free(void *pointer)
{
    free(*(void **)pointer);
}

// int fd = -1; closed when it leaves scope.
#define cleanup_fd __attribute__((cleanup(cleanup_fd_close)))
// T *p = NULL; freed when it leaves scope.
#define cleanup_free __attribute__((cleanup(cleanup_pointer_free)))

// The caller takes the fd; the variable forgets it.
static inline int fd_take(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

#define must_check              __attribute__((warn_unused_result))
#define printf_like(nth, first) __attribute__((__format__(__printf__, nth, first)))
#define array_size(a)           (sizeof(a) / sizeof((a)[0]))
