// What the price of observation is measured on: a minimal HTTP exchange over loopback (2 sends, 2 receives), a
// closed-loop client for any server, a process that makes other system calls only, and a sink for OTLP. Linked
// statically; runs in a machine of tests/bench/cost, where a nanosecond is an instruction, and trusts its peers.
//
//   exchange serve PORT
//   exchange ask PORT PATH ROUNDS COUNT      each round's nanoseconds per request, after a warm-up of half a round
//   exchange other ROUNDS COUNT              the same for ten system calls that are not socket I/O
//   exchange sink PORT                       takes HTTP POSTs and answers 200
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "program.h"

#define SINK_CONNECTIONS 16
#define SINK_BUFFER      65536

static int tcp_listen(const char *port)
{
    struct sockaddr_in at = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    check(fd >= 0, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    check(bind(fd, (struct sockaddr *)&at, sizeof at) == 0, "bind");
    check(listen(fd, 64) == 0, "listen");
    return fd;
}

static int tcp_connect(const char *port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    check(fd >= 0, "socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (int tries = 0; connect(fd, (struct sockaddr *)&to, sizeof to) != 0; tries++) {
        check(tries < 100, "connect");
        usleep(50000);
    }
    return fd;
}

static _Noreturn void serve(const char *port)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"hello\":\"you\"}\n";
    char request[4096];
    int listener = tcp_listen(port);

    for (;;) {
        int fd = accept(listener, NULL, NULL);
        check(fd >= 0, "accept");
        while (read(fd, request, sizeof request) > 0)
            check(write(fd, answer, sizeof answer - 1) > 0, "write");
        close(fd);
    }
}

// Reads one response with a Content-Length; its head comes in one piece.
static void answer_read(int fd)
{
    char buffer[16384];
    ssize_t n = read(fd, buffer, sizeof buffer - 1);
    check(n > 0, "read");
    buffer[n] = 0;
    char *end = strstr(buffer, "\r\n\r\n"), *length = strcasestr(buffer, "\r\nContent-Length:");
    check(end && length && memcmp(buffer, "HTTP/1.1 200", 12) == 0, "no answer of the kind that this program knows");
    ssize_t left = end + 4 - buffer + atol(length + 17) - n;
    while (left > 0) {
        n = read(fd, buffer, sizeof buffer);
        check(n > 0, "read");
        left -= n;
    }
}

static void ask_times(int fd, const char *request, size_t n, long count)
{
    for (long i = 0; i < count; i++) {
        check(write(fd, request, n) == (ssize_t)n, "write");
        answer_read(fd);
    }
}

// What others do because this process has begun, the loader looking at it for one, is no part of a request's price.
static void others_await(void)
{
    usleep(300000);
}

static int ask(const char *port, const char *path, long rounds, long count)
{
    char request[512];
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost:%s\r\nUser-Agent: exchange\r\n\r\n",
                     path, port);
    int fd = tcp_connect(port);

    others_await();
    ask_times(fd, request, (size_t)n, count / 2);
    for (long round = 0; round < rounds; round++) {
        uint64_t start = now_ns();
        ask_times(fd, request, (size_t)n, count);
        printf("%.1f\n", (double)(now_ns() - start) / (double)count);
    }
    return 0;
}

static void other_calls(int pipe_in, int pipe_out)
{
    char byte = 0;
    struct stat status;
    check(write(pipe_in, &byte, 1) == 1 && read(pipe_out, &byte, 1) == 1, "pipe");
    int fd = open("/dev/null", O_RDWR);
    check(fd >= 0 && fstat(fd, &status) == 0 && write(fd, &byte, 1) == 1 && lseek(fd, 0, SEEK_SET) == 0, "/dev/null");
    close(fd);
    getppid();
    sched_yield();
    access("/", R_OK);
}

static int other(long rounds, long count)
{
    int fd[2];
    check(pipe(fd) == 0, "pipe");
    others_await();
    for (long i = 0; i < count / 2; i++)
        other_calls(fd[1], fd[0]);
    for (long round = 0; round < rounds; round++) {
        uint64_t start = now_ns();
        for (long i = 0; i < count; i++)
            other_calls(fd[1], fd[0]);
        printf("%.1f\n", (double)(now_ns() - start) / (double)count);
    }
    return 0;
}

struct sink_connection {
    char head[4096];
    size_t head_length;
    long body_left;
};

// Takes n bytes; answers each request whose body is complete. False: not what this program knows.
static bool sink_take(struct sink_connection *connection, int fd, const char *bytes, size_t n)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    while (n > 0) {
        if (connection->body_left == 0) {
            if (connection->head_length == sizeof connection->head - 1)
                return false;
            connection->head[connection->head_length++] = *bytes++;
            n--;
            connection->head[connection->head_length] = 0;
            if (connection->head_length < 4 ||
                memcmp(connection->head + connection->head_length - 4, "\r\n\r\n", 4) != 0)
                continue;
            const char *length = strcasestr(connection->head, "\r\nContent-Length:");
            connection->body_left = length ? atol(length + 17) : 0;
            connection->head_length = 0;
        } else {
            size_t take = n < (size_t)connection->body_left ? n : (size_t)connection->body_left;
            bytes += take;
            n -= take;
            connection->body_left -= (long)take;
        }
        if (connection->body_left == 0 && write(fd, answer, sizeof answer - 1) < 0)
            return false;
    }
    return true;
}

static _Noreturn void sink(const char *port)
{
    static char buffer[SINK_BUFFER];
    static struct sink_connection connections[SINK_CONNECTIONS];
    struct pollfd fds[SINK_CONNECTIONS + 1] = {{.fd = tcp_listen(port), .events = POLLIN}};

    for (int i = 1; i <= SINK_CONNECTIONS; i++)
        fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    for (;;) {
        check(poll(fds, SINK_CONNECTIONS + 1, -1) > 0, "poll");
        for (int i = 1; i <= SINK_CONNECTIONS; i++) {
            if (fds[i].fd < 0 && fds[0].revents) {
                fds[i].fd = accept(fds[0].fd, NULL, NULL);
                connections[i - 1] = (struct sink_connection){0};
                fds[0].revents = 0;
                continue;
            }
            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            ssize_t n = read(fds[i].fd, buffer, sizeof buffer);
            if (n > 0 && sink_take(&connections[i - 1], fds[i].fd, buffer, (size_t)n))
                continue;
            close(fds[i].fd);
            fds[i].fd = -1;
        }
    }
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve(argv[2]);
    if (argc == 3 && strcmp(argv[1], "sink") == 0)
        sink(argv[2]);
    if (argc == 6 && strcmp(argv[1], "ask") == 0)
        return ask(argv[2], argv[3], atol(argv[4]), atol(argv[5]));
    if (argc == 4 && strcmp(argv[1], "other") == 0)
        return other(atol(argv[2]), atol(argv[3]));
    fprintf(stderr, "usage: exchange serve PORT | ask PORT PATH ROUNDS COUNT | other ROUNDS COUNT | sink PORT\n");
    return 2;
}
