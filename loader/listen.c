// See listen.h. Called by main.c, as the user that the loader has become.
#include "loader/listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "common/lib/log.h"

// Who serves there, if anybody: a socket that nobody listens on refuses.
static bool address_held(int fd, const struct sockaddr_un *address)
{
    struct ucred who = {0};
    socklen_t size = sizeof who;

    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno != EAGAIN)
        return false;
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size); // of one with a full queue: pid 0
    log_error("another loader serves %s: pid %d; stop it first", address->sun_path, who.pid);
    return true;
}

int listen_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (strlen(path) >= sizeof address.sun_path) {
        log_error("--socket %s: the path is longer than %zu bytes", path, sizeof address.sun_path - 1);
        return -ENAMETOOLONG;
    }
    strcpy(address.sun_path, path);
    if (address_held(fd, &address))
        return -EADDRINUSE;
    unlink(path); // of a loader that was killed: the directory is only ours to write
    // Anybody may knock; who is served is decided by SO_PEERCRED.
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || chmod(path, 0666) < 0 ||
        listen(fd, 8) < 0) {
        int r = -errno;
        log_error("cannot listen on %s as uid %u: %s (the directory must belong to that user)", path, geteuid(),
                  strerror(-r));
        return r;
    }
    return fd_take(&fd);
}
