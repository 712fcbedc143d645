// Which addresses a setting listens on, with and without IPv6, and the errors of those it cannot.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include "collector/export/prometheus_listen.h"

static socklen_t address_parse(const char *text, uint16_t port, struct sockaddr_storage *ret_address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
    memset(ret_address, 0, sizeof(*ret_address));
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof(*v4);
    }
    memset(ret_address, 0, sizeof(*ret_address));
    assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return sizeof(*v6);
}

// By bind: can it be an address here? By connect: does somebody listen?
static bool address_works(const char *text, uint16_t port,
                          int (*call)(int fd, const struct sockaddr *address, socklen_t size))
{
    struct sockaddr_storage address;
    socklen_t size = address_parse(text, port, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool works = fd >= 0 && call(fd, (struct sockaddr *)&address, size) == 0;
    if (fd >= 0)
        close(fd);
    return works;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                              : ((struct sockaddr_in6 *)&address)->sin6_port);
}

// Free for IPv4 and, as nothing here is long-lived, most likely for IPv6.
static uint16_t free_port(void)
{
    int fds[PROMETHEUS_LISTEN_MAX];
    unsigned count = 0;
    assert_int_equal(prometheus_listen("127.0.0.1", 0, fds, &count), 0);
    assert_int_equal(count, 1);
    uint16_t port = port_of(fds[0]);
    close(fds[0]);
    return port;
}

static void who_can_connect(void **state)
{
    static const struct {
        const char *address;
        bool loopback4, other4, loopback6; // 127.0.0.1, 127.0.0.2, ::1
    } cases[] = {
        {NULL, true, false, true},         {"localhost", true, false, true}, {"", true, true, true},
        {"127.0.0.1", true, false, false}, {"0.0.0.0", true, true, false},   {"127.0.0.2", false, true, false},
        {"::1", false, false, true},       {"[::1]", false, false, true},    {"[::]", false, false, true},
    };
    bool ipv6 = address_works("::1", 0, bind);
    for (size_t i = 0; i < array_size(cases); i++) {
        if (!cases[i].loopback4 && !cases[i].other4 && !ipv6)
            continue;
        int fds[PROMETHEUS_LISTEN_MAX], error = -EADDRINUSE;
        unsigned count = 0;
        uint16_t port = 0;
        for (unsigned attempt = 0; attempt < 10 && error == -EADDRINUSE; attempt++) {
            port = free_port();
            error = prometheus_listen(cases[i].address, port, fds, &count);
        }
        assert_int_equal(error, 0);
        assert_int_equal(address_works("127.0.0.1", port, connect), cases[i].loopback4);
        assert_int_equal(address_works("127.0.0.2", port, connect), cases[i].other4);
        assert_int_equal(address_works("::1", port, connect), cases[i].loopback6 && ipv6);
        for (unsigned k = 0; k < count; k++)
            close(fds[k]);
        assert_false(address_works("127.0.0.1", port, connect));
    }
}

static void errors(void **state)
{
    static const struct {
        const char *address;
        int error;
    } cases[] = {
        {"127.0.0.1", -EADDRINUSE},
        {NULL, -EADDRINUSE},
        {"localhost", -EADDRINUSE},
        {"", -EADDRINUSE},
        {"0.0.0.0", -EADDRINUSE},
        {"[::1", -EINVAL},
        {"[]", -EINVAL},
        {"127.0.0.1 ", -EINVAL},
        {"192.0.2.1", -EADDRNOTAVAIL},
        {"no.host", -EINVAL},
        {"127.1", -EINVAL},
        {"::1%lo", -EINVAL},
        {"00000000000000000000000000000000000000000000000000", -EINVAL},
    };
    int taken[PROMETHEUS_LISTEN_MAX], fds[PROMETHEUS_LISTEN_MAX] = {-7, -7};
    unsigned taken_count = 0, count = 99;
    assert_int_equal(prometheus_listen("127.0.0.1", 0, taken, &taken_count), 0);
    uint16_t port = port_of(taken[0]);
    for (size_t i = 0; i < array_size(cases); i++)
        assert_int_equal(prometheus_listen(cases[i].address, port, fds, &count), cases[i].error);
    assert_int_equal(count, 99);
    close(taken[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_can_connect),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
