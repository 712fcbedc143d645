// Which spans are the other side of an exchange of ours: by both ends and by time. From a socket pair of the real
// kernel, too.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "collector/core/clock.h"
#include "collector/span/own_traffic.h"

#define NOTED (1000 * NS_PER_SEC)

static struct span span_make(const char *client, uint16_t client_port, const char *server, uint16_t server_port,
                             uint64_t start)
{
    struct span span = {.start_monotonic_ns = start};
    snprintf(span.client.text, sizeof span.client.text, "%s", client);
    snprintf(span.server.text, sizeof span.server.text, "%s", server);
    span.client.port = client_port;
    span.server.port = server_port;
    return span;
}

static void test_by_ends_and_time(void **state)
{
    static const struct {
        const char *client, *server;
        uint16_t client_port, server_port;
        uint64_t start;
        bool expected;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1", 40000, 4318, NOTED, true},
        {"127.0.0.1", "127.0.0.1", 40000, 4318, NOTED - NS_PER_SEC, true},
        {"127.0.0.1", "127.0.0.1", 40000, 4318, NOTED - NS_PER_SEC - 1, false},
        {"127.0.0.1", "127.0.0.1", 40000, 4318, NOTED + 10 * NS_PER_SEC, true},
        {"127.0.0.1", "127.0.0.1", 40000, 4318, NOTED + 10 * NS_PER_SEC + 1, false},
        {"127.0.0.1", "127.0.0.1", 40001, 4318, NOTED, false},
        {"127.0.0.1", "127.0.0.1", 40064, 4318, NOTED, false}, // of the same set
        {"127.0.0.1", "127.0.0.1", 40000, 4317, NOTED, false},
        {"127.0.0.2", "127.0.0.1", 40000, 4318, NOTED, false},
        {"127.0.0.1", "127.0.0.2", 40000, 4318, NOTED, false},
        {"127.0.0.1", "127.0.0.1", 4318, 40000, NOTED, false},
        {"", "", 0, 0, NOTED, false},
    };
    own_traffic_note("127.0.0.1", 40000, "127.0.0.1", 4318, NOTED);
    for (unsigned i = 0; i < array_size(rows); i++) {
        struct span span =
            span_make(rows[i].client, rows[i].client_port, rows[i].server, rows[i].server_port, rows[i].start);
        if (own_traffic_has(&span) != rows[i].expected)
            fail_msg("row %u", i);
    }
    own_traffic_note("127.0.0.1", 40000, "127.0.0.1", 4318, 2 * NOTED); // again on the same connection
    struct span late = span_make("127.0.0.1", 40000, "127.0.0.1", 4318, 2 * NOTED + 1);
    assert_true(own_traffic_has(&late));
}

// More at once than have room: the ones noted last are known.
static void test_room(void **state)
{
    for (uint16_t i = 0; i < 6; i++)
        own_traffic_note("::1", (uint16_t)(50000 + 64 * i), "::1", 4318, NOTED + i);
    for (uint16_t i = 0; i < 6; i++) {
        struct span span = span_make("::1", (uint16_t)(50000 + 64 * i), "::1", 4318, NOTED);
        assert_int_equal(own_traffic_has(&span), i >= 2);
    }
    char longer[64];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    own_traffic_note(longer, 50001, "::1", 4318, NOTED);
    struct span span = span_make(longer, 50001, "::1", 4318, NOTED);
    assert_false(own_traffic_has(&span));
}

// A reader that comes by IPv4 to a socket of both families is known by its IPv4 address.
static void test_accepted(void **state)
{
    int off = 0;
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any}, bound;
    socklen_t size = sizeof bound;
    cleanup_fd int listener = socket(AF_INET6, SOCK_STREAM, 0);
    if (listener < 0)
        skip(); // no IPv6 here
    assert_int_equal(setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&bound, &size), 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = bound.sin6_port, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in from;
    cleanup_fd int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    cleanup_fd int accepted = accept(listener, NULL, NULL);
    assert_true(accepted >= 0);
    size = sizeof from;
    assert_int_equal(getsockname(client, (struct sockaddr *)&from, &size), 0);
    own_traffic_note_accepted(accepted, NOTED);
    struct span span = span_make("127.0.0.1", ntohs(from.sin_port), "127.0.0.1", ntohs(to.sin_port), NOTED);
    assert_true(own_traffic_has(&span));
    own_traffic_note_accepted(-1, NOTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_ends_and_time),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
