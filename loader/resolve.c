// See resolve.h. Called by main.c (start) and serve.c. Of a file only what fstat says is looked at; the resolver's
// answers are checked number by number: it has read foreign bytes.
#include "loader/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "common/ipc/send_fd.h"
#include "common/lib/log.h"

#define PROGRAM "redstart-resolver"

// Beside our own executable, which root has put there.
static int program_open(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof PROGRAM);

    if (n <= 0)
        return -1;
    path[n] = 0;
    strcpy(strrchr(path, '/') + 1, PROGRAM);
    return open(path, O_RDONLY | O_CLOEXEC);
}

void resolve_start(struct resolve *ret_resolve)
{
    char *arguments[] = {PROGRAM, NULL}, *environment[] = {NULL};
    cleanup_fd int program = program_open();
    int ends[2] = {-1, -1};

    memset(ret_resolve, 0, sizeof *ret_resolve);
    ret_resolve->fd = -1;
    signal(SIGCHLD, SIG_IGN); // nobody waits for it; its socket tells when it ends
    pid_t child = program < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? -1 : fork();
    if (child == 0) {
        signal(SIGCHLD, SIG_DFL);
        if (dup2(ends[1], STDIN_FILENO) >= 0)
            fexecve(program, arguments, environment);
        _exit(1);
    }
    if (child > 0)
        ret_resolve->fd = fd_take(&ends[0]);
    else
        log_warn("cannot start " PROGRAM ": %s: the languages of compiled programs stay unknown", strerror(errno));
    cleanup_fd_close(&ends[0]);
    cleanup_fd_close(&ends[1]);
}

static bool message_fill(uint32_t pid, uint64_t start, const struct executable *executable,
                         struct message_executable *ret_message)
{
    *ret_message =
        (struct message_executable){.kind = MESSAGE_EXECUTABLE, .pid = pid, .start = start, .executable = *executable};
    return executable->bits != 0;
}

// True if this very question is open. An open one about another file of this process is forgotten: it executes
// something else now.
static bool pending_find(struct resolve *resolve, uint32_t pid, uint64_t start, const struct resolve_file *file)
{
    for (uint32_t ticket = resolve->next_answer; ticket != resolve->next_ticket; ticket++) {
        unsigned at = ticket % RESOLVE_PENDING_MAX;
        if (resolve->pending[at].pid != pid)
            continue;
        if (memcmp(&resolve->pending[at].file, file, sizeof *file) == 0) {
            resolve->pending[at].start = start; // a pid that was given again at once
            return true;
        }
        resolve->pending[at].pid = 0;
    }
    return false;
}

enum resolve_outcome resolve_ask(struct resolve *resolve, uint32_t pid, uint64_t start,
                                 struct message_executable *ret_message)
{
    struct stat info;
    char link[32];

    if (resolve->fd < 0)
        return RESOLVE_NOTHING;
    snprintf(link, sizeof link, "/proc/%u/exe", pid);
    cleanup_fd int fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
        return RESOLVE_NOTHING;
    struct resolve_file file = {info.st_dev, info.st_ino, (uint64_t)info.st_size,
                                info.st_mtim.tv_sec * 1000000000L + info.st_mtim.tv_nsec};
    if (pending_find(resolve, pid, start, &file))
        return RESOLVE_ASKED;
    for (unsigned i = 0; i < RESOLVE_KNOWN_MAX; i++)
        if (memcmp(&resolve->known[i].file, &file, sizeof file) == 0)
            return message_fill(pid, start, &resolve->known[i].executable, ret_message) ? RESOLVE_KNOWN
                                                                                        : RESOLVE_NOTHING;
    uint32_t ticket = resolve->next_ticket;
    struct resolver_request request = {RESOLVER_MAGIC, ticket};
    if (ticket - resolve->next_answer >= RESOLVE_PENDING_MAX || send_fd(resolve->fd, &request, sizeof request, fd) < 0)
        return RESOLVE_BUSY;
    resolve->pending[ticket % RESOLVE_PENDING_MAX] = (struct resolve_question){pid, start, file};
    resolve->next_ticket++;
    return RESOLVE_ASKED;
}

static bool answer_check(const struct resolve *resolve, const struct resolver_answer *answer, ssize_t size)
{
    return size == sizeof *answer && resolve->next_answer != resolve->next_ticket &&
           answer->ticket == resolve->next_answer && answer->status < RESOLVER_STATUS_MAX &&
           (answer->status != RESOLVER_DONE || executable_check(&answer->executable));
}

bool resolve_receive(struct resolve *resolve, struct message_executable *ret_message)
{
    static const struct executable nothing;
    struct resolver_answer answer;

    while (resolve->fd >= 0) {
        ssize_t n = recv(resolve->fd, &answer, sizeof answer, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        if (!answer_check(resolve, &answer, n)) {
            log_error(PROGRAM " %s: the languages of compiled programs stay unknown",
                      n > 0 ? "broke the protocol" : "ended");
            cleanup_fd_close(&resolve->fd);
            return false;
        }
        const struct resolve_question *asked = &resolve->pending[resolve->next_answer++ % RESOLVE_PENDING_MAX];
        struct resolve_known *known = &resolve->known[resolve->next_known++ % RESOLVE_KNOWN_MAX];
        if (answer.status > RESOLVER_NOT_ELF)
            log_limited(LOG_LEVEL_WARN, "the executable of pid=%u could not be examined: %s signal=%u", asked->pid,
                        answer.status == RESOLVER_TIME_OVER ? "time is over" : "no answer", answer.signal);
        known->file = asked->file;
        known->executable = answer.status == RESOLVER_DONE ? answer.executable : nothing;
        if (message_fill(asked->pid, asked->start, &known->executable, ret_message) && asked->pid)
            return true;
    }
    return false;
}
