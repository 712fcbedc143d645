// sd_notify(3) without libsystemd; see notify.h.
#include "common/lib/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "common/lib/cleanup.h"

static struct sockaddr_un notify_address;
static socklen_t notify_address_size;
static uint64_t notify_watchdog;

#define NS_PER_USEC       1000u
#define WATCHDOG_USEC_MAX (UINT64_MAX / NS_PER_USEC)

// A decimal number from 1 to max; 0 if the variable is none, or not there.
static uint64_t variable_number(const char *name, uint64_t max)
{
    const char *text = getenv(name);
    char *end = NULL;
    if (!text || *text < '0' || *text > '9')
        return 0;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    return errno || *end || value > max ? 0 : value;
}

static void watchdog_init(void)
{
    bool ours = !getenv("WATCHDOG_PID") || variable_number("WATCHDOG_PID", INT32_MAX) == (uint64_t)getpid();
    notify_watchdog = ours ? variable_number("WATCHDOG_USEC", WATCHDOG_USEC_MAX) * NS_PER_USEC / 2 : 0;
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

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
    watchdog_init();
}

void notify_send(const char *state)
{
    if (!notify_address_size)
        return;
    cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    ssize_t ignored =
        sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&notify_address, notify_address_size);
    (void)ignored; // a lost notification is the service manager's timeout, not our failure
}

uint64_t notify_watchdog_ns(void)
{
    return notify_watchdog;
}
