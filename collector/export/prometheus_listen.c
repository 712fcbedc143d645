// Listening sockets of /metrics; see prometheus_listen.h. Called once by prometheus.c, with an address from the
// configuration.
#include "collector/export/prometheus_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define BACKLOG 1024 // many scrapers at once wait here for one of the connections

union endpoint {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static union endpoint endpoint_v4(struct in_addr address, uint16_t port)
{
    return (union endpoint){.v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = address}};
}

static union endpoint endpoint_v6(struct in6_addr address, uint16_t port)
{
    return (union endpoint){.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = address}};
}

// both_families: an IPv6 socket that takes IPv4 connections as well.
static int endpoint_listen(const union endpoint *endpoint, bool both_families, int *ret_fd)
{
    const bool v6 = endpoint->any.sa_family == AF_INET6;
    const int one = 1, v6_only = !both_families;
    cleanup_fd int fd = socket(endpoint->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    // A restart must not wait for the last run's connections to leave TIME_WAIT.
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
        return -errno;
    if (v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof(v6_only)) < 0)
        return -errno;
    if (bind(fd, &endpoint->any, v6 ? sizeof(endpoint->v6) : sizeof(endpoint->v4)) < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    *ret_fd = fd_take(&fd);
    return 0;
}

// The host has no such address: IPv6 is compiled out, disabled, or has no loopback address (in many containers).
static bool error_is_no_family(int error)
{
    return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

static int listen_all(uint16_t port, int ret_fds[], unsigned *ret_count)
{
    union endpoint v6 = endpoint_v6(in6addr_any, port);
    union endpoint v4 = endpoint_v4((struct in_addr){htonl(INADDR_ANY)}, port);
    int error = endpoint_listen(&v6, true, &ret_fds[0]);
    if (error_is_no_family(error))
        error = endpoint_listen(&v4, false, &ret_fds[0]);
    if (!error)
        *ret_count = 1;
    return error;
}

static int listen_localhost(uint16_t port, int ret_fds[], unsigned *ret_count)
{
    union endpoint v4 = endpoint_v4((struct in_addr){htonl(INADDR_LOOPBACK)}, port);
    union endpoint v6 = endpoint_v6(in6addr_loopback, port);
    cleanup_fd int fd_v4 = -1;
    int fd_v6 = -1;
    int error = endpoint_listen(&v4, false, &fd_v4);
    if (error && !error_is_no_family(error))
        return error;
    int error_v6 = endpoint_listen(&v6, false, &fd_v6);
    if (error_v6 && (error || !error_is_no_family(error_v6)))
        return error_v6;
    unsigned count = 0;
    if (!error)
        ret_fds[count++] = fd_take(&fd_v4);
    if (!error_v6)
        ret_fds[count++] = fd_v6;
    *ret_count = count;
    return 0;
}

// An IP address, IPv6 with or without brackets.
static int listen_address(const char *address, uint16_t port, int ret_fds[], unsigned *ret_count)
{
    char text[INET6_ADDRSTRLEN];
    size_t n = strlen(address);
    if (n >= 2 && address[0] == '[' && address[n - 1] == ']') {
        address++;
        n -= 2;
    }
    if (n >= sizeof(text))
        return -EINVAL;
    memcpy(text, address, n);
    text[n] = 0;
    struct in_addr v4;
    struct in6_addr v6;
    union endpoint endpoint;
    if (inet_pton(AF_INET, text, &v4) == 1)
        endpoint = endpoint_v4(v4, port);
    else if (inet_pton(AF_INET6, text, &v6) == 1)
        endpoint = endpoint_v6(v6, port);
    else
        return -EINVAL;
    int error = endpoint_listen(&endpoint, false, &ret_fds[0]);
    if (!error)
        *ret_count = 1;
    return error;
}

int prometheus_listen(const char *address, uint16_t port, int ret_fds[PROMETHEUS_LISTEN_MAX], unsigned *ret_count)
{
    if (!address || strcmp(address, "localhost") == 0)
        return listen_localhost(port, ret_fds, ret_count);
    if (!address[0])
        return listen_all(port, ret_fds, ret_count);
    return listen_address(address, port, ret_fds, ret_count);
}
