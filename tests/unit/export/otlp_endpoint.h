// An HTTP server on the loop under test that answers POSTs by a script and keeps what came. Header only.
#pragma once

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "collector/core/loop.h"

#define ENDPOINT_CONNECTIONS_MAX 8
#define ENDPOINT_REQUEST_MAX     (4 << 20)

struct endpoint;
struct endpoint_connection {
    struct endpoint *endpoint;
    int fd;
    char *p; // ENDPOINT_REQUEST_MAX bytes
    size_t n;
};

struct endpoint {
    struct loop *loop;
    int fd;
    uint16_t port;
    // One answer per request, the last one for all that follow; "" closes the connection, NULL never answers.
    const char *const *script;
    unsigned script_n, requests, connections;
    char head[4096]; // of the last request
    char *body;
    size_t body_n;
    struct endpoint_connection connection[ENDPOINT_CONNECTIONS_MAX];
};

static inline void endpoint_close(struct endpoint_connection *connection)
{
    loop_fd_remove(connection->endpoint->loop, connection->fd);
    close(connection->fd);
    connection->fd = -1;
}

static inline void endpoint_answer(struct endpoint_connection *connection, size_t head_n, size_t body_n)
{
    struct endpoint *endpoint = connection->endpoint;
    unsigned turn = endpoint->requests < endpoint->script_n ? endpoint->requests : endpoint->script_n - 1;
    const char *answer = endpoint->script[turn];
    endpoint->requests++;
    snprintf(endpoint->head, sizeof(endpoint->head), "%.*s", (int)head_n, connection->p);
    memcpy(endpoint->body, connection->p + head_n, body_n);
    endpoint->body_n = body_n;
    connection->n -= head_n + body_n;
    memmove(connection->p, connection->p + head_n + body_n, connection->n);
    if (!answer)
        return;
    if (!answer[0])
        endpoint_close(connection);
    else
        assert_int_equal(send(connection->fd, answer, strlen(answer), MSG_NOSIGNAL), strlen(answer));
}

static inline void endpoint_readable(void *context, uint32_t events)
{
    struct endpoint_connection *connection = context;
    ssize_t n = recv(connection->fd, connection->p + connection->n, ENDPOINT_REQUEST_MAX - connection->n, 0);
    if (n <= 0) {
        endpoint_close(connection);
        return;
    }
    connection->n += (size_t)n;
    char *end = memmem(connection->p, connection->n, "\r\n\r\n", 4);
    if (!end)
        return;
    *end = 0;
    const char *length = strcasestr(connection->p, "\r\nContent-Length:");
    *end = '\r';
    assert_non_null(length);
    size_t head_n = (size_t)(end + 4 - connection->p), body_n = strtoul(length + 17, NULL, 10);
    if (connection->n >= head_n + body_n)
        endpoint_answer(connection, head_n, body_n);
}

static inline void endpoint_accept(void *context, uint32_t events)
{
    struct endpoint *endpoint = context;
    for (unsigned i = 0; i < ENDPOINT_CONNECTIONS_MAX; i++) {
        struct endpoint_connection *connection = &endpoint->connection[i];
        if (connection->fd >= 0)
            continue;
        connection->fd = accept4(endpoint->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        assert_true(connection->fd >= 0);
        connection->n = 0;
        endpoint->connections++;
        assert_int_equal(loop_fd_add(endpoint->loop, connection->fd, EPOLLIN, endpoint_readable, connection), 0);
        return;
    }
    fail_msg("too many connections");
}

static inline void endpoint_open(struct endpoint *endpoint, struct loop *loop)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    *endpoint = (struct endpoint){.loop = loop, .body = malloc(ENDPOINT_REQUEST_MAX)};
    endpoint->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(endpoint->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(endpoint->fd, 16), 0);
    assert_int_equal(getsockname(endpoint->fd, (struct sockaddr *)&address, &size), 0);
    endpoint->port = ntohs(address.sin_port);
    for (unsigned i = 0; i < ENDPOINT_CONNECTIONS_MAX; i++) {
        endpoint->connection[i] = (struct endpoint_connection){.endpoint = endpoint, .fd = -1};
        endpoint->connection[i].p = malloc(ENDPOINT_REQUEST_MAX);
    }
    assert_int_equal(loop_fd_add(loop, endpoint->fd, EPOLLIN, endpoint_accept, endpoint), 0);
}

static inline void endpoint_release(struct endpoint *endpoint)
{
    for (unsigned i = 0; i < ENDPOINT_CONNECTIONS_MAX; i++) {
        if (endpoint->connection[i].fd >= 0)
            endpoint_close(&endpoint->connection[i]);
        free(endpoint->connection[i].p);
    }
    loop_fd_remove(endpoint->loop, endpoint->fd);
    close(endpoint->fd);
    free(endpoint->body);
}
