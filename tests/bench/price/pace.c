// A client at a constant rate that leaves nothing out: each request has its time on a fixed plan, and its latency
// counts from then, whether or not the ones before were late (no coordinated omission). One thread, connections that
// stay open, a request each; a request whose connection is still busy waits, and its waiting counts. For
// tests/bench/latency; trusts its server.
//
//   pace PORT PATH RATE SECONDS CONNECTIONS      "requests NS_P50 NS_P99 NS_P999 NS_P9999 NS_MAX"
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "program.h"

#define CONNECTIONS_MAX 256
#define ANSWER_MAX      16384
#define WARM_UP_NS      500000000u
#define DEADLINE_NS     5000000000u // after the last planned request

// Buckets of at most 1/128 of their value: 7 bits behind the leading one.
#define FINE_BITS 7
#define BUCKETS   ((64 - FINE_BITS) << FINE_BITS)

struct connection {
    uint64_t planned;  // 0: idle
    size_t have, want; // bytes of the answer; want 0: its head is not whole
    char answer[ANSWER_MAX];
};

static struct connection connections[CONNECTIONS_MAX];
static struct pollfd fds[CONNECTIONS_MAX];
static uint64_t buckets[BUCKETS], counted, largest;

static unsigned bucket_of(uint64_t ns)
{
    unsigned top = 63 - (unsigned)__builtin_clzll(ns | 1);
    if (top <= FINE_BITS)
        return (unsigned)ns;
    return ((top - FINE_BITS) << FINE_BITS) + (unsigned)(ns >> (top - FINE_BITS));
}

static uint64_t bucket_value(unsigned bucket)
{
    unsigned shift = bucket >> FINE_BITS;
    if (shift <= 1)
        return bucket;
    return (uint64_t)((bucket & ((1u << FINE_BITS) - 1)) | 1u << FINE_BITS) << (shift - 1);
}

static uint64_t quantile(double q)
{
    uint64_t rank = (uint64_t)(q * (double)counted), seen = 0;
    for (unsigned i = 0; i < BUCKETS; i++) {
        seen += buckets[i];
        if (seen > rank)
            return bucket_value(i);
    }
    return largest;
}

static int tcp_connect(const char *port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    check(fd >= 0, "socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    check(connect(fd, (struct sockaddr *)&to, sizeof to) == 0 || errno == EINPROGRESS, "connect");
    struct pollfd writable = {.fd = fd, .events = POLLOUT};
    check(poll(&writable, 1, 1000) == 1, "connect");
    return fd;
}

static void request_send(unsigned i, const char *request, size_t n, uint64_t planned)
{
    connections[i].planned = planned;
    connections[i].have = connections[i].want = 0;
    check(write(fds[i].fd, request, n) == (ssize_t)n, "write");
}

// Takes what has come; true if the answer is whole.
static bool answer_take(struct connection *connection, int fd)
{
    ssize_t n = read(fd, connection->answer + connection->have, ANSWER_MAX - 1 - connection->have);
    if (n < 0 && errno == EAGAIN)
        return false;
    check(n > 0, "the server closed a connection");
    connection->have += (size_t)n;
    connection->answer[connection->have] = 0;
    if (!connection->want) {
        const char *end = strstr(connection->answer, "\r\n\r\n"),
                   *length = strcasestr(connection->answer, "\r\nContent-Length:");
        if (!end)
            return false;
        check(memcmp(connection->answer, "HTTP/1.1 200", 12) == 0 && length,
              "no answer of the kind that this program knows");
        connection->want = (size_t)(end + 4 - connection->answer) + (size_t)atol(length + 17);
        check(connection->want < ANSWER_MAX, "the answer is too long");
    }
    return connection->have >= connection->want;
}

static void latency_count(uint64_t planned, uint64_t now)
{
    uint64_t ns = now > planned ? now - planned : 0;
    buckets[bucket_of(ns)]++;
    counted++;
    if (ns > largest)
        largest = ns;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: pace PORT PATH RATE SECONDS CONNECTIONS\n");
        return 2;
    }
    char request[512];
    size_t n = (size_t)snprintf(request, sizeof request,
                                "GET %s HTTP/1.1\r\nHost: localhost:%s\r\nUser-Agent: pace\r\n\r\n", argv[2], argv[1]);
    double period = 1e9 / atof(argv[3]);
    uint64_t planned = (uint64_t)(atof(argv[4]) * atof(argv[3])), next = 0, open = 0;
    unsigned count = (unsigned)atoi(argv[5]);
    check(count > 0 && count <= CONNECTIONS_MAX && period > 0, "arguments");
    for (unsigned i = 0; i < count; i++)
        fds[i] = (struct pollfd){.fd = tcp_connect(argv[1]), .events = POLLIN};

    prctl(PR_SET_TIMERSLACK, 1); // or each wait is 50 us too long
    uint64_t start = now_ns() + 1000000;
    for (;;) {
        uint64_t now = now_ns(), due = start + (uint64_t)((double)next * period);
        for (unsigned i = 0; i < count && next < planned && due <= now; i++) {
            if (connections[i].planned)
                continue;
            request_send(i, request, n, due);
            next++;
            open++;
            due = start + (uint64_t)((double)next * period);
        }
        if (next == planned && open == 0)
            break;
        check(next < planned || now < due + DEADLINE_NS, "answers are missing");
        // Until the next one is due, or, if all connections are busy, until one is not.
        struct timespec wait = {0, open < count && next < planned && due > now ? (long)(due - now) : 100000000};
        if (open < count && next < planned && due <= now)
            wait.tv_nsec = 0;
        check(ppoll(fds, count, &wait, NULL) >= 0, "ppoll");
        now = now_ns();
        for (unsigned i = 0; i < count; i++) {
            if (!fds[i].revents || !connections[i].planned || !answer_take(&connections[i], fds[i].fd))
                continue;
            if (connections[i].planned > start + WARM_UP_NS)
                latency_count(connections[i].planned, now);
            connections[i].planned = 0;
            open--;
        }
    }
    printf("%llu %llu %llu %llu %llu %llu\n", (unsigned long long)counted, (unsigned long long)quantile(0.5),
           (unsigned long long)quantile(0.99), (unsigned long long)quantile(0.999),
           (unsigned long long)quantile(0.9999), (unsigned long long)largest);
    return 0;
}
