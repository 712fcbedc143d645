// sd_notify(3) without libsystemd; see notify.h.
#include "common/lib/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "common/lib/cleanup.h"

static struct sockaddr_un notify_address;
static socklen_t notify_address_size;

void notify_init(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t n = path ? strlen(path) : 0;
    if (n >= 2 && n < sizeof notify_address.sun_path && (path[0] == '/' || path[0] == '@')) {
        notify_address.sun_family = AF_UNIX;
        memcpy(notify_address.sun_path, path, n);
        if (path[0] == '@')
            notify_address.sun_path[0] = 0; // abstract name
        notify_address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    }
    unsetenv("NOTIFY_SOCKET");
}

void notify_send(const char *state)
{
    if (!notify_address_size)
        return;
    cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    ssize_t ignored = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&notify_address,
                             notify_address_size);
    (void)ignored; // a lost notification is the service manager's timeout, not our failure
}
