// An HTTP/1 server for the guest: blocking processes, any pair of system calls, answers by path. Static, no library.
//   server PORT|/SOCKET [workers=N] [late=MS] [read=CALL] [write=CALL]
// late: it accepts nothing before. Paths: /chunked, /large (1 MiB), /sendfile (256 KiB), /close, /none (hangs up),
// /slow (50 ms), anything else: six bytes. A HEAD gets no body; a request's body is read to its Content-Length.
#define _GNU_SOURCE
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define LARGE     (1 << 20)
#define FILE_SIZE (256 << 10)

static const char *read_call = "read", *write_call = "write";

static bool is(const char *text, const char *other)
{
    return strcmp(text, other) == 0;
}

static ssize_t bytes_read(int fd, char *to, size_t n)
{
    struct iovec parts[2] = {{to, n / 2}, {to + n / 2, n - n / 2}};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = parts, .msg_iovlen = 2}};

    if (is(read_call, "recv"))
        return recv(fd, to, n, 0);
    if (is(read_call, "readv"))
        return readv(fd, parts, 2);
    if (is(read_call, "preadv2"))
        return preadv2(fd, parts, 2, -1, 0);
    if (is(read_call, "recvmsg"))
        return recvmsg(fd, &message.msg_hdr, 0);
    if (is(read_call, "recvmmsg"))
        return recvmmsg(fd, &message, 1, 0, NULL) == 1 ? (ssize_t)message.msg_len : -1;
    if (is(read_call, "peek")) // a look first, as proxies do
        recv(fd, to, n, MSG_PEEK);
    return read(fd, to, n);
}

// Vectored calls send in three parts.
static ssize_t bytes_write(int fd, const char *from, size_t n)
{
    size_t third = n / 3;
    struct iovec parts[3] = {
        {(char *)from, third}, {(char *)from + third, third}, {(char *)from + 2 * third, n - 2 * third}};
    struct mmsghdr message = {.msg_hdr = {.msg_iov = parts, .msg_iovlen = 3}};

    if (is(write_call, "send"))
        return send(fd, from, n, 0);
    if (is(write_call, "writev"))
        return writev(fd, parts, 3);
    if (is(write_call, "pwritev2"))
        return pwritev2(fd, parts, 3, -1, 0);
    if (is(write_call, "sendmsg"))
        return sendmsg(fd, &message.msg_hdr, 0);
    if (is(write_call, "sendmmsg"))
        return sendmmsg(fd, &message, 1, 0) == 1 ? (ssize_t)message.msg_len : -1;
    return write(fd, from, n);
}

static bool all_write(int fd, const char *from, size_t n)
{
    while (n > 0) {
        ssize_t done = bytes_write(fd, from, n);
        if (done <= 0)
            return false;
        from += done;
        n -= (size_t)done;
    }
    return true;
}

static bool text_write(int fd, const char *text)
{
    return all_write(fd, text, strlen(text));
}

static bool head_write(int fd, size_t length)
{
    char head[128];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
    return text_write(fd, head);
}

static bool chunked_write(int fd)
{
    bool good = text_write(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    usleep(2000);
    good = good && text_write(fd, "3\r\n to\r\n");
    usleep(2000);
    return good && text_write(fd, "0\r\n\r\n");
}

static bool file_send(int fd)
{
    int file = memfd_create("body", 0);
    off_t at = 0;

    if (ftruncate(file, FILE_SIZE) < 0 || !head_write(fd, FILE_SIZE))
        return false;
    while (at < FILE_SIZE)
        if (sendfile(fd, file, &at, (size_t)(FILE_SIZE - at)) <= 0)
            return false;
    close(file);
    return true;
}

// False: the connection ends.
static bool answer(int fd, const char *method, const char *path)
{
    static char large[LARGE];

    if (is(path, "/none"))
        return false;
    if (is(path, "/slow"))
        usleep(50000);
    if (is(method, "HEAD"))
        return head_write(fd, 6);
    if (is(path, "/chunked"))
        return chunked_write(fd);
    if (is(path, "/large"))
        return head_write(fd, LARGE) && all_write(fd, large, LARGE);
    if (is(path, "/sendfile"))
        return file_send(fd);
    if (is(path, "/close"))
        return text_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n") && false;
    return text_write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n");
}

static void serve(int fd)
{
    static char buffer[65536];
    size_t filled = 0;

    for (;;) {
        char method[16], path[64], *end;
        buffer[filled] = 0;
        while (!(end = memmem(buffer, filled, "\r\n\r\n", 4))) {
            ssize_t n = bytes_read(fd, buffer + filled, sizeof buffer - 1 - filled);
            if (n <= 0)
                return;
            filled += (size_t)n;
            buffer[filled] = 0;
        }
        size_t head = (size_t)(end + 4 - buffer), length = 0;
        char *field = strcasestr(buffer, "content-length:");
        if (field && field < end)
            length = strtoul(field + 15, NULL, 10);
        if (sscanf(buffer, "%15s %63s", method, path) != 2)
            return;
        size_t body = filled - head < length ? filled - head : length;
        filled -= head + body;
        memmove(buffer, buffer + head + body, filled);
        while (body < length) {
            static char rest[65536];
            ssize_t n = bytes_read(fd, rest, length - body < sizeof rest ? length - body : sizeof rest);
            if (n <= 0)
                return;
            body += (size_t)n;
        }
        if (!answer(fd, method, path))
            return;
    }
}

static int listener_open(const char *where)
{
    struct sockaddr_in6 tcp = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)atoi(where))};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    bool named = where[0] == '/';
    int on = 1, fd = socket(named ? AF_UNIX : AF_INET6, SOCK_STREAM, 0);

    strncpy(local.sun_path, where, sizeof local.sun_path - 1);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, named ? (struct sockaddr *)&local : (struct sockaddr *)&tcp, named ? sizeof local : sizeof tcp) < 0 ||
        listen(fd, 128) < 0)
        return -1;
    return fd;
}

int main(int argc, char **argv)
{
    int workers = 1, late = 0, fd = argc > 1 ? listener_open(argv[1]) : -1;

    for (int i = 2; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (!value)
            return 2;
        *value++ = 0;
        if (is(argv[i], "workers"))
            workers = atoi(value);
        else if (is(argv[i], "late"))
            late = atoi(value);
        else if (is(argv[i], "read"))
            read_call = value;
        else
            write_call = value;
    }
    if (fd < 0)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    while (workers-- > 1)
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            break;
        }
    usleep((useconds_t)late * 1000);
    for (;;) {
        int connection = accept(fd, NULL, NULL);
        if (connection < 0)
            return 1;
        serve(connection);
        close(connection);
    }
}
