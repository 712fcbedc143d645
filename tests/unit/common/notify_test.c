// Service notification against a socket of our own: what is sent, whose watchdog it is, what is left in the
// environment.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>
#include "common/lib/cleanup.h"
#include "common/lib/notify.h"

static int manager_open(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path + 1, name, strlen(name));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    return fd;
}

static void expect_datagram(int fd, const char *text)
{
    char seen[1024];
    ssize_t n = recv(fd, seen, sizeof seen - 1, 0);
    assert_true(n >= 0);
    seen[n] = 0;
    assert_string_equal(seen, text);
}

static void test_without_a_socket_nothing_happens(void **state)
{
    unsetenv("NOTIFY_SOCKET");
    notify_init();
    notify_send("READY=1");
    assert_int_equal(notify_watchdog_ns(), 0);
}

static void test_what_is_sent(void **state)
{
    char name[64], path[66];
    snprintf(name, sizeof name, "redstart-notify-test-%d", getpid());
    snprintf(path, sizeof path, "@%s", name);
    cleanup_fd int fd = manager_open(name);
    setenv("NOTIFY_SOCKET", path, 1);
    notify_init();
    assert_null(getenv("NOTIFY_SOCKET"));
    notify_send("READY=1\nSTATUS=attached");
    expect_datagram(fd, "READY=1\nSTATUS=attached");
}

static void test_whose_watchdog(void **state)
{
    char mine[16], other[16];
    snprintf(mine, sizeof mine, "%d", getpid());
    snprintf(other, sizeof other, "%d", getppid());
    const struct {
        const char *usec, *pid;
        uint64_t expected;
    } cases[] = {
        {"10000000", mine, UINT64_C(5000000000)},
        {"10000000", NULL, UINT64_C(5000000000)},
        {"10000000", other, 0},
        {"10000000", "", 0},
        {NULL, mine, 0},
        {"0", mine, 0},
        {"-5", mine, 0},
        {"10s", mine, 0},
        {"18446744073709551", mine, UINT64_C(9223372036854775500)},
        {"18446744073709552", mine, 0},
        {"99999999999999999999", mine, 0},
    };
    for (unsigned i = 0; i < array_size(cases); i++) {
        unsetenv("WATCHDOG_PID");
        unsetenv("WATCHDOG_USEC");
        if (cases[i].usec)
            setenv("WATCHDOG_USEC", cases[i].usec, 1);
        if (cases[i].pid)
            setenv("WATCHDOG_PID", cases[i].pid, 1);
        notify_init();
        assert_int_equal(notify_watchdog_ns(), cases[i].expected);
        assert_null(getenv("WATCHDOG_USEC"));
        assert_null(getenv("WATCHDOG_PID"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_socket_nothing_happens),
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_whose_watchdog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
