// /metrics over real sockets on loopback: paths, methods, readiness, and strangers who say nothing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include "collector/core/clock.h"
#include "collector/export/prometheus.h"
#include "unit/export/spans.h"

struct bench {
    struct loop *loop;
    struct red *red;
    struct process_table *processes;
    struct self self;
    struct exposition exposition;
    struct prometheus *prometheus;
    const char *reason;
    unsigned refreshed;
    uint16_t port;
};

static void bench_refresh(void *context)
{
    struct bench *bench = context;
    bench->refreshed++;
    bench->self.connections = 1000 + bench->refreshed;
}

static const char *bench_not_ready(void *context)
{
    return ((struct bench *)context)->reason;
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static int bench_start(struct bench *bench, const char *address, const char *path)
{
    return prometheus_new(&bench->prometheus, bench->loop, &bench->exposition, address, bench->port, path, NULL);
}

static void bench_open(struct bench *bench, const char *address, const char *path)
{
    *bench = (struct bench){0};
    assert_int_equal(loop_new(&bench->loop), 0);
    assert_int_equal(red_new(&bench->red, 10, 0), 0);
    assert_int_equal(process_table_new(&bench->processes, NULL, "host-id", 16), 0);
    bench->exposition = (struct exposition){
        .red = bench->red,
        .self = &bench->self,
        .processes = bench->processes,
        .refresh = bench_refresh,
        .not_ready = bench_not_ready,
        .context = bench,
    };
    int error = -EADDRINUSE;
    for (unsigned i = 0; i < 10 && error == -EADDRINUSE; i++) { // somebody else may take the free port first
        bench->port = free_port();
        error = bench_start(bench, address, path);
    }
    assert_int_equal(error, 0);
}

static void bench_close(struct bench *bench)
{
    prometheus_free(bench->prometheus);
    process_table_free(bench->processes);
    red_free(bench->red);
    loop_free(bench->loop);
}

static int client_open(const struct bench *bench)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(bench->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    struct timeval patience = {.tv_usec = 1000};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    return fd;
}

// Turns the loop until the server closes the connection; the answer as text.
static const char *client_read(const struct bench *bench, int fd)
{
    static char answer[1 << 20];
    size_t n = 0;
    for (unsigned turn = 0; turn < 5000; turn++) {
        assert_int_equal(loop_run_once(bench->loop, 0), 0);
        ssize_t got = recv(fd, answer + n, sizeof(answer) - 1 - n, 0);
        if (got == 0)
            break;
        n += got > 0 ? (size_t)got : 0;
    }
    answer[n] = 0;
    close(fd);
    return answer;
}

static const char *exchange_raw(const struct bench *bench, const char *request)
{
    int fd = client_open(bench);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    return client_read(bench, fd);
}

static const char *exchange(const struct bench *bench, const char *line)
{
    char request[512];
    snprintf(request, sizeof(request), "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", line);
    return exchange_raw(bench, request);
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void assert_status(const char *answer, unsigned status)
{
    char expected[32];
    snprintf(expected, sizeof(expected), "HTTP/1.1 %u ", status);
    if (strncmp(answer, expected, strlen(expected)) != 0)
        fail_msg("expected %u: %.200s", status, answer);
}

static void paths_and_methods(void **state)
{
    static const struct {
        const char *line;
        unsigned status;
        const char *body;
    } cases[] = {
        {"GET /healthz", 200, "ok\n"},
        {"HEAD /healthz", 200, ""},
        {"GET /healthz?x=1", 200, "ok\n"},
        {"GET /readyz", 200, "ready\n"},
        {"GET /", 404, "not found\n"},
        {"GET /metrics/", 404, "not found\n"},
        {"POST /", 404, "not found\n"},
        {"POST /metrics", 405, "method not allowed\n"},
        {"DELETE /healthz", 405, "method not allowed\n"},
        {"OPTIONS /readyz", 405, "method not allowed\n"},
        {"BREW /metrics", 405, "method not allowed\n"},
    };
    struct bench bench;
    bench_open(&bench, "127.0.0.1", NULL);
    for (size_t i = 0; i < array_size(cases); i++) {
        const char *answer = exchange(&bench, cases[i].line);
        assert_status(answer, cases[i].status);
        assert_string_equal(body_of(answer), cases[i].body);
        assert_int_equal(strstr(answer, "\r\nAllow: GET, HEAD\r\n") != NULL, cases[i].status == 405);
    }
    assert_int_equal(bench.refreshed, 0);
    bench_close(&bench);
}

static void the_page(void **state)
{
    static const char old_request[] = "GET /metrics HTTP/1.0\r\n\r\n";
    struct bench bench;
    bench_open(&bench, "127.0.0.1", NULL);
    const char *answer = exchange(&bench, "GET /metrics");
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(answer, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(answer, "\nredstart_connections 1001\n")); // refreshed before it was written
    assert_string_equal(answer + strlen(answer) - 5, "0\r\n\r\n");
    // HTTP/1.0 knows no chunks: the page, to the letter.
    answer = exchange_raw(&bench, old_request);
    struct buffer page;
    buffer_init(&page, 1 << 20);
    prometheus_format(&page, &bench.exposition, PROMETHEUS_TEXT);
    assert_int_equal(strlen(body_of(answer)), page.n);
    assert_memory_equal(body_of(answer), page.p, page.n);
    // HEAD: the head, and nothing behind it.
    answer = exchange_raw(&bench, "HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_status(answer, 200);
    assert_non_null(strstr(answer, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_null(strstr(answer, "Transfer-Encoding"));
    assert_null(strstr(answer, "Content-Length"));
    assert_string_equal(body_of(answer), "");
    buffer_release(&page);
    assert_int_equal(bench.refreshed, 3);
    bench_close(&bench);
}

// A page beyond the socket buffers, to a reader that takes its time: arrives whole, while another one is served.
static void a_large_page_and_a_slow_reader(void **state)
{
    enum { SERIES = 10 };
    static struct span spans[SERIES];
    struct bench bench;
    bench_open(&bench, "127.0.0.1", NULL);
    struct process_facts facts = {.pid = 5000000, .start_ns = 1, .exe = STR("/usr/bin/shop"), .comm = STR("shop")};
    assert_int_equal(process_table_update(bench.processes, &facts), 0);
    for (unsigned i = 0; i < SERIES; i++) {
        spans[i] = spans_server();
        spans[i].process = process_table_find(bench.processes, facts.pid);
        spans[i].status = (uint16_t)(200 + i);
        red_record(bench.red, &spans[i]);
    }
    int slow = client_open(&bench), small = 4096;
    assert_int_equal(setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    static const char request[] = "GET /metrics HTTP/1.0\r\n\r\n";
    assert_int_equal(send(slow, request, sizeof(request) - 1, MSG_NOSIGNAL), sizeof(request) - 1);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(loop_run_once(bench.loop, NS_PER_MS), 0);
    assert_status(exchange(&bench, "GET /healthz"), 200);
    const char *answer = client_read(&bench, slow);
    assert_non_null(strstr(answer, "\nredstart_connections 1001\n"));
    unsigned counts = 0;
    for (const char *p = answer; (p = strstr(p, "\nhttp_server_request_duration_seconds_count{")); p++)
        counts++;
    assert_int_equal(counts, SERIES);
    bench_close(&bench);
}

static void another_path(void **state)
{
    struct bench bench;
    bench_open(&bench, "127.0.0.1", "/internal/m");
    assert_status(exchange(&bench, "GET /internal/m"), 200);
    assert_status(exchange(&bench, "GET /metrics"), 404);
    bench_close(&bench);
}

static void readiness_says_why(void **state)
{
    struct bench bench;
    bench_open(&bench, "127.0.0.1", NULL);
    bench.reason = "the loader is not connected";
    const char *answer = exchange(&bench, "GET /readyz");
    assert_status(answer, 503);
    assert_string_equal(body_of(answer), "the loader is not connected\n");
    bench_close(&bench);
}

static void a_request_body_is_not_wanted(void **state)
{
    struct bench bench;
    bench_open(&bench, "127.0.0.1", NULL);
    assert_status(exchange_raw(&bench, "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc"), 405);
    assert_status(
        exchange_raw(&bench, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"),
        200);
    bench_close(&bench);
}

static void what_is_not_http(void **state)
{
    struct bench bench;
    bench_open(&bench, "127.0.0.1", NULL);
    const char *answer = exchange_raw(&bench, "\x16\x03\x01 hello\r\n\r\n");
    assert_true(answer[0] == 0 || strncmp(answer, "HTTP/1.", 7) == 0);
    assert_status(exchange(&bench, "GET /healthz"), 200);
    static char long_head[40000];
    memset(long_head, 'a', sizeof(long_head) - 1);
    memcpy(long_head, "GET /", 5);
    int fd = client_open(&bench);
    assert_true(send(fd, long_head, sizeof(long_head) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0);
    assert_status(client_read(&bench, fd), 414);
    assert_status(exchange(&bench, "GET /healthz"), 200);
    bench_close(&bench);
}

static void errors_leave_nothing_behind(void **state)
{
    struct bench bench;
    bench_open(&bench, NULL, NULL); // takes the port
    struct prometheus *first = bench.prometheus;
    for (unsigned i = 0; i <= LOOP_TIMERS_MAX; i++)
        assert_int_equal(bench_start(&bench, "127.0.0.1", NULL), -EADDRINUSE);
    assert_int_equal(bench_start(&bench, "127.0.0.1", "metrics"), -EINVAL);
    assert_ptr_equal(bench.prometheus, first);
    assert_status(exchange(&bench, "GET /healthz"), 200);
    bench_close(&bench);
    prometheus_free(NULL);
}

// 64 connections that say nothing: the 65th waits and is served as soon as one of them goes.
static void silent_strangers(void **state)
{
    enum { SILENT = 64 };
    struct bench bench;
    int silent[SILENT];
    bench_open(&bench, "127.0.0.1", NULL);
    for (unsigned i = 0; i < SILENT; i++) {
        silent[i] = client_open(&bench);
        assert_true(silent[i] >= 0);
        assert_int_equal(loop_run_once(bench.loop, NS_PER_MS), 0);
    }
    int fd = client_open(&bench);
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_int_equal(send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL), sizeof(request) - 1);
    char byte;
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(loop_run_once(bench.loop, NS_PER_MS), 0);
        assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
    }
    close(silent[0]);
    uint64_t start = clock_monotonic_ns();
    assert_status(client_read(&bench, fd), 200);
    assert_true(clock_monotonic_ns() - start < 3 * NS_PER_SEC); // not only when the others time out
    for (unsigned i = 1; i < SILENT; i++)
        close(silent[i]);
    bench_close(&bench);
}

static void freed_in_the_middle_of_an_answer(void **state)
{
    struct bench bench;
    bench_open(&bench, "127.0.0.1", NULL);
    int fd = client_open(&bench);
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nGET /met";
    assert_int_equal(send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL), sizeof(request) - 1);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(loop_run_once(bench.loop, NS_PER_MS), 0);
    bench_close(&bench); // the sanitizer watches
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_methods),
        cmocka_unit_test(the_page),
        cmocka_unit_test(a_large_page_and_a_slow_reader),
        cmocka_unit_test(another_path),
        cmocka_unit_test(readiness_says_why),
        cmocka_unit_test(a_request_body_is_not_wanted),
        cmocka_unit_test(what_is_not_http),
        cmocka_unit_test(errors_leave_nothing_behind),
        cmocka_unit_test(silent_strangers),
        cmocka_unit_test(freed_in_the_middle_of_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
