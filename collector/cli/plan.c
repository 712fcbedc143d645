// See plan.h. Called by run.c: at the start, and when the file is to be read again.
#include "collector/cli/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <linux/seccomp.h>
#include "common/lib/filter.h"
#include "common/lib/log.h"

#define CPU_SECONDS_MAX 5
#define SECONDS_MAX     20

// What parsing takes, and telling of it. Files can be looked at as the collector's user may.
static const int plan_allowed[] = {
    SYS_read,      SYS_write,      SYS_lseek,         SYS_close,  SYS_fstat,        SYS_newfstatat,     SYS_mremap,
    SYS_faccessat, SYS_faccessat2, SYS_brk,           SYS_mmap,   SYS_munmap,       SYS_gettid,         SYS_madvise,
    SYS_futex,     SYS_getrandom,  SYS_clock_gettime, SYS_getpid, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_exit_group,
#ifdef SYS_access // x86-64 keeps it beside faccessat
    SYS_access,
#endif
    FILTER_END};
static const struct filter_tied plan_tied[] = {
    {SYS_openat, 2, FILTER_LACKS, O_WRONLY | O_RDWR | O_CREAT | O_TRUNC},
};

static int child_restrict(const struct identity *identity)
{
    struct filter filter;
    const struct rlimit seconds = {CPU_SECONDS_MAX, CPU_SECONDS_MAX}, none = {0, 0};
    if (identity_take(identity) < 0 || setrlimit(RLIMIT_CPU, &seconds) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
        return -errno;
    alarm(SECONDS_MAX); // whatever it waits for
    filter_begin(&filter);
    filter_calls(&filter, plan_allowed, SECCOMP_RET_ALLOW);
    for (unsigned i = 0; i < array_size(plan_tied); i++)
        filter_tied(&filter, &plan_tied[i]);
    return filter_install(&filter, SECCOMP_RET_ERRNO | EPERM);
}

// A line each.
static void errors_say(char *text, bool starting)
{
    if (starting) {
        fprintf(stderr, "redstart run: %s\n", text);
        return;
    }
    for (char *line; (line = strsep(&text, "\n"));)
        log_error("%s", line);
}

// An option selects instead of the file, and an option's excludes stand instead of the file's.
static int plan_read(const struct run_options *options, int fd, char *const *environment, struct plan *plan,
                     struct complaint *complaint)
{
    static struct collector_options collector;
    static const char fd_option[] = "--config-fd";
    char number[16], *arguments[RUN_COLLECTOR_ARGUMENTS_MAX + 4] = {"run"};
    unsigned n = 1 + options->collector_count;
    memcpy(arguments + 1, options->collector_arguments, options->collector_count * sizeof *arguments);
    snprintf(number, sizeof number, "%d", fd);
    arguments[n++] = (char *)fd_option;
    arguments[n++] = number;
    int r = options_parse(&collector, (int)n, arguments, environment, complaint);
    plan->log_level = collector.log_level;
    plan->log_format = collector.log_format;
    bool selects = false, excludes = false;
    for (unsigned kind = 0; kind < SELECTOR_KIND_MAX; kind++) {
        selects |= options->selectors.kinds[0][kind] > 0;
        excludes |= options->selectors.kinds[1][kind] > 0;
    }
    return r < 0 ? r : loader_conf_write(&collector.file, !selects, !excludes, &plan->selection);
}

static void child_run(const struct run_options *options, int fd, const struct identity *identity,
                      char *const *environment, bool starting, int answer)
{
    static struct plan plan;
    static struct complaint complaint;
    int r = child_restrict(identity);
    if (r == 0)
        r = plan_read(options, fd, environment, &plan, &complaint);
    if (r == -EINVAL)
        errors_say(complaint.error, starting);
    size_t sent = 0;
    for (ssize_t n = 1; r == 0 && n > 0 && sent < sizeof plan; sent += (size_t)n) {
        n = write(answer, (char *)&plan + sent, sizeof plan - sent);
        n = n < 0 ? 0 : n;
    }
    _exit(r == 0 ? 0 : r == -EINVAL ? 2 : 1);
}

// The answer is believed as far as its bounds.
static int plan_receive(int fd, struct plan *ret_plan)
{
    static struct plan plan;
    size_t received = 0;
    for (ssize_t n = 1; n > 0 && received < sizeof plan; received += (size_t)n) {
        n = read(fd, (char *)&plan + received, sizeof plan - received);
        n = n < 0 ? 0 : n;
    }
    if (received < sizeof plan || plan.selection.size > LOADER_CONF_MAX || plan.log_level >= LOG_LEVEL_MAX ||
        plan.log_format > LOG_FORMAT_JSON)
        return -EPROTO;
    *ret_plan = plan;
    return 0;
}

int plan_make(const struct run_options *options, int fd, const struct identity *identity, char *const *environment,
              bool starting, struct plan *ret_plan)
{
    int answer[2], status = 0;
    if (pipe2(answer, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        child_run(options, fd, identity, environment, starting, answer[1]);
    close(answer[1]);
    int r = pid < 0 ? -EAGAIN : plan_receive(answer[0], ret_plan);
    close(answer[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 2 ? -EINVAL : r;
}

static int bytes_copy(int from, int to)
{
    static char bytes[YAML_SIZE_MAX + 1]; // one more than is taken, so that a longer file is refused
    size_t used = 0;
    for (ssize_t n = 1; n > 0 && used < sizeof bytes; used += (size_t)n) {
        n = read(from, bytes + used, sizeof bytes - used);
        if (n < 0)
            return -errno;
    }
    if (ftruncate(to, 0) < 0 || pwrite(to, bytes, used, 0) != (ssize_t)used)
        return errno ? -errno : -EIO;
    return 0;
}

int plan_copy(const char *path)
{
    cleanup_fd int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    cleanup_fd int copy = file < 0 ? -1 : memfd_create("redstart.yaml", MFD_CLOEXEC);
    if (file < 0 || copy < 0 || fchmod(copy, 0600) < 0)
        return -errno;
    int r = bytes_copy(file, copy);
    return r < 0 ? r : fd_take(&copy);
}

int plan_copy_replace(int to, int from)
{
    if (lseek(from, 0, SEEK_SET) < 0)
        return -errno;
    return bytes_copy(from, to);
}
