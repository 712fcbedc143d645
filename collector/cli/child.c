// Starts and ends the programs of a run; see child.h. The executable is opened by root and run by fd (execveat), so
// that the collector's user need not be able to reach it by path: a build tree may lie in somebody's home.
#include "collector/cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/close_range.h>
#include "common/lib/log.h"

#define EXIT_START_FAILED 1
#define URGENT_NICE       (-5) // as in redstart-collector.service

int child_find(const char *name)
{
    static const char *const places[] = {"", "../libexec/redstart/"};
    char self[PATH_MAX - 128], path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return -ENOENT;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    slash[1] = 0;
    for (unsigned i = 0; i < array_size(places); i++) {
        snprintf(path, sizeof path, "%s%s%s", self, places[i], name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
            return fd;
    }
    return -ENOENT;
}

// If the launcher dies, however, its children are told to end. A change of uid clears this, hence twice.
static int death_signal_set(pid_t launcher)
{
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != launcher)
        return -1;
    return 0;
}

// Among the tasks of its group, and, where the kernel makes a group of each session (sched(7), autogroup), of its
// session among others. Best effort: without it the rings have to hold more. Who started us by nice(1) wants something
// else.
static void nice_set(void)
{
    cleanup_fd int group = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (getpriority(PRIO_PROCESS, 0) != 0 || setpriority(PRIO_PROCESS, 0, URGENT_NICE) < 0 || group < 0)
        return;
    dprintf(group, "%d", URGENT_NICE);
}

// A session of its own: Ctrl-C and the terminal's end reach the launcher only, which then ends both in order.
static void child_run(int fd, const struct child_start *start, pid_t launcher)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pid_t session = setsid();
    if (start->urgent)
        nice_set();
    if (session < 0 || death_signal_set(launcher) < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        (!start->keep_stdout && dup2(STDERR_FILENO, STDOUT_FILENO) < 0) ||
        (start->identity && (identity_take(start->identity) < 0 || death_signal_set(launcher) < 0)))
        return;
    (void)close_range(3, ~0u, CLOSE_RANGE_CLOEXEC); // best effort: before Linux 5.11 inherited fds stay
    if (start->keep_fd > 0 && fcntl(start->keep_fd, F_SETFD, 0) < 0)
        return;
    syscall(SYS_execveat, fd, "", start->arguments, start->environment, AT_EMPTY_PATH);
}

int child_start(struct child *child, int fd, const struct child_start *start)
{
    pid_t launcher = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0) {
        child_run(fd, start, launcher);
        log_error("cannot start %s: %s", child->name, strerror(errno));
        _exit(EXIT_START_FAILED);
    }
    child->pid = pid;
    return 0;
}

void child_signal(const struct child *child, int number)
{
    if (child->pid > 0)
        kill(child->pid, number);
}

bool child_reap(struct child *child)
{
    if (child->pid <= 0 || waitpid(child->pid, &child->status, WNOHANG) != child->pid)
        return false;
    child->pid = 0;
    return true;
}

void child_await(struct child *child, unsigned timeout_ms)
{
    for (unsigned waited = 0; child->pid > 0 && waited < timeout_ms; waited += 5) {
        if (child_reap(child))
            return;
        poll(NULL, 0, 5);
    }
    if (child->pid <= 0)
        return;
    log_warn("%s did not end within %u ms: killed", child->name, timeout_ms);
    child_signal(child, SIGKILL);
    while (waitpid(child->pid, &child->status, 0) < 0 && errno == EINTR)
        ;
    child->pid = 0;
}

int child_exit_code(const struct child *child)
{
    int code = WIFEXITED(child->status) ? WEXITSTATUS(child->status) : 1;
    return code == 0 || code == 2 || code == 3 ? code : 1;
}
