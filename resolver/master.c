// One child for each file, one at a time; see master.h. Called by main.c after sandbox_master(). Requests come from the
// loader, which is trusted; a child is not: it is killed after its answer or its time, and the answer is checked.
#include "resolver/master.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "resolver/sandbox.h"

#define CHILD_TIME_MS 2000

// 1, 0 at the end of the conversation, -errno.
static int request_receive(int socket_fd, struct resolver_request *ret_request, int *ret_fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {ret_request, sizeof *ret_request};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n;

    do {
        n = recvmsg(socket_fd, &header, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n < 0 ? -errno : 0;
    const struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    if (!rights || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS ||
        rights->cmsg_len != CMSG_LEN(sizeof(int)))
        return -EPROTO;
    memcpy(ret_fd, CMSG_DATA(rights), sizeof(int));
    return n == sizeof *ret_request && ret_request->magic == RESOLVER_MAGIC && !(header.msg_flags & MSG_TRUNC)
               ? 1
               : -EPROTO;
}

static void child_run(int file_fd, int answer_fd, pid_t master, master_examine_fn *examine)
{
    struct resolver_answer answer;
    struct stat info;

    memset(&answer, 0, sizeof answer);
    if (fstat(file_fd, &info) < 0 || sandbox_child(file_fd, answer_fd, master) < 0)
        _exit(1);
    examine(S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0, &answer);
    ssize_t ignored = write(SANDBOX_ANSWER_FD, &answer, sizeof answer);
    (void)ignored; // the master counts the bytes
    _exit(0);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Waits for the child's answer, for its end without one, or for its time to be over.
static void answer_read(int fd, struct resolver_answer *ret_answer)
{
    struct pollfd readable = {fd, POLLIN, 0};
    int64_t end = now_ms() + CHILD_TIME_MS, left;
    struct resolver_answer answer;
    int ready = 0;

    while (ready <= 0 && (left = end - now_ms()) > 0) {
        const struct timespec timeout = {left / 1000, left % 1000 * 1000000};
        ready = ppoll(&readable, 1, &timeout, NULL);
    }
    memset(ret_answer, 0, sizeof *ret_answer);
    ret_answer->status = ready > 0 ? RESOLVER_NO_ANSWER : RESOLVER_TIME_OVER;
    if (ready <= 0 || read(fd, &answer, sizeof answer) != sizeof answer)
        return;
    if (answer.status == RESOLVER_NOT_ELF)
        ret_answer->status = RESOLVER_NOT_ELF;
    if (answer.status == RESOLVER_DONE && executable_check(&answer.executable)) {
        ret_answer->status = RESOLVER_DONE;
        ret_answer->executable = answer.executable;
    }
}

// 1 or -errno.
static int file_answer(int socket_fd, int file_fd, uint32_t ticket, master_examine_fn *examine)
{
    struct resolver_answer answer;
    pid_t master = getpid();
    int ends[2], status = 0;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    // Not fork(): the C library's has more calls in it than this process keeps.
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        child_run(file_fd, ends[1], master, examine);
    close(ends[1]);
    answer_read(child > 0 ? ends[0] : -1, &answer);
    close(ends[0]);
    if (child > 0) {
        kill(child, SIGKILL);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
    }
    if (answer.status == RESOLVER_NO_ANSWER && WIFSIGNALED(status))
        answer.signal = (uint16_t)WTERMSIG(status);
    answer.ticket = ticket;
    return send(socket_fd, &answer, sizeof answer, MSG_NOSIGNAL) < 0 ? -errno : 1;
}

int master_run(int socket_fd, master_examine_fn *examine)
{
    int r;

    do {
        struct resolver_request request;
        cleanup_fd int file_fd = -1;
        r = request_receive(socket_fd, &request, &file_fd);
        if (r > 0)
            r = file_answer(socket_fd, file_fd, request.ticket, examine);
    } while (r > 0);
    return r;
}
