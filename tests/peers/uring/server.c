// An HTTP/1 server whose reads and writes all go through io_uring: the kernel side of redstart sees that bytes move,
// not which. Usage: server PORT. One connection at a time; every request is answered with 200 and "hello\n".
#include <arpa/inet.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";

static int wait_result(struct io_uring *ring)
{
    struct io_uring_cqe *done;
    if (io_uring_submit(ring) < 0 || io_uring_wait_cqe(ring, &done) < 0)
        return -1;
    int result = done->res;
    io_uring_cqe_seen(ring, done);
    return result;
}

static void serve(struct io_uring *ring, int fd)
{
    char head[4096];
    size_t n = 0;

    for (;;) {
        io_uring_prep_recv(io_uring_get_sqe(ring), fd, head + n, sizeof head - 1 - n, 0);
        int got = wait_result(ring);
        if (got <= 0)
            return;
        n += (size_t)got;
        head[n] = 0;
        if (!strstr(head, "\r\n\r\n"))
            continue;
        io_uring_prep_send(io_uring_get_sqe(ring), fd, answer, sizeof answer - 1, 0);
        if (wait_result(ring) <= 0)
            return;
        n = 0;
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct io_uring ring;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

    if (argc != 2 || io_uring_queue_init(8, &ring, 0) < 0)
        return 2;
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 16) < 0)
        return 1;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            return 1;
        serve(&ring, fd);
        close(fd);
    }
}
