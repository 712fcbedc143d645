// How long a connection may take, on socket pairs and made-up times.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "collector/core/clock.h"
#include "collector/export/prometheus_limit.h"

struct pair {
    int ours, theirs;
    struct prometheus_limited *limited;
};

static struct pair pair_open(struct prometheus_limit *limit, uint64_t now_ns)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    return (struct pair){fds[0], fds[1], prometheus_limit_add(limit, fds[0], now_ns)};
}

static void pair_close(struct pair *pair)
{
    close(pair->ours);
    close(pair->theirs);
}

static bool is_open(const struct pair *pair)
{
    char byte;
    ssize_t n = recv(pair->theirs, &byte, 1, MSG_DONTWAIT);
    assert_true(n == 0 || (n < 0 && errno == EAGAIN));
    return n < 0;
}

static void too_long_is_ended(void **state)
{
    struct prometheus_limit limit = {0};
    struct pair dripping = pair_open(&limit, 1 * NS_PER_SEC), answered = pair_open(&limit, 1 * NS_PER_SEC);
    struct pair young = pair_open(&limit, 20 * NS_PER_SEC);
    answered.limited->since = 15 * NS_PER_SEC; // the end of an answer
    prometheus_limit_enforce(&limit, 31 * NS_PER_SEC);
    assert_true(is_open(&dripping));
    prometheus_limit_enforce(&limit, 31 * NS_PER_SEC + 1);
    assert_false(is_open(&dripping));
    assert_true(is_open(&answered) && is_open(&young));
    prometheus_limit_remove(&limit, dripping.limited);
    assert_int_equal(limit.count, 2);
    prometheus_limit_enforce(&limit, 46 * NS_PER_SEC);
    assert_false(is_open(&answered));
    assert_true(is_open(&young));
    pair_close(&dripping);
    pair_close(&answered);
    pair_close(&young);
}

static void less_when_others_wait(void **state)
{
    struct prometheus_limit limit = {0};
    struct pair pairs[PROMETHEUS_CONNECTIONS_MAX];
    for (unsigned i = 0; i < PROMETHEUS_CONNECTIONS_MAX; i++)
        pairs[i] = pair_open(&limit, (1 + i / 32) * NS_PER_SEC); // half at 1 s, half at 2 s
    for (unsigned i = 2; i < PROMETHEUS_CONNECTIONS_MAX; i++)
        pairs[i].limited->asked = true;
    pairs[1].limited->since = 1500 * NS_PER_MS;
    assert_null(prometheus_limit_add(&limit, 0, NS_PER_SEC));
    prometheus_limit_enforce(&limit, 2 * NS_PER_SEC); // who has not asked goes first
    assert_false(is_open(&pairs[0]));
    assert_true(is_open(&pairs[1]));
    prometheus_limit_enforce(&limit, 2 * NS_PER_SEC + 1);
    assert_false(is_open(&pairs[1]));
    prometheus_limit_enforce(&limit, 4 * NS_PER_SEC);
    assert_true(is_open(&pairs[2]));
    prometheus_limit_enforce(&limit, 5 * NS_PER_SEC);
    for (unsigned i = 0; i < PROMETHEUS_CONNECTIONS_MAX; i++)
        assert_int_equal(is_open(&pairs[i]), i >= 32);
    for (unsigned i = 0; i < PROMETHEUS_CONNECTIONS_MAX; i++) {
        prometheus_limit_remove(&limit, pairs[i].limited);
        pair_close(&pairs[i]);
    }
    assert_int_equal(limit.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(too_long_is_ended), cmocka_unit_test(less_when_others_wait)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
