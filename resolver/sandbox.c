// The sandbox; see sandbox.h. Called by master.c. What remains is in the tables below: a call that is in none ends the
// process.
#include "resolver/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include "common/lib/filter.h"

#define USER_NOBODY       65534
#define MEMORY_BYTES_MAX  (32u << 20)
#define CHILD_CPU_SECONDS 1
#define MASTER_FDS_MAX    16

static const struct filter_tied child_file = {SYS_pread64, 0, FILTER_IS, SANDBOX_FILE_FD};
static const struct filter_tied child_answer = {SYS_write, 0, FILTER_IS, SANDBOX_ANSWER_FD};
static const int child_allowed[] = {SYS_exit_group, FILTER_END};

static const int master_allowed[] = {
    SYS_recvmsg, SYS_sendto, SYS_close,                                       // a question, its answer
    SYS_pipe2, SYS_getpid, SYS_ppoll, SYS_clock_gettime, SYS_read, SYS_wait4, // a child
    SYS_exit_group,
    // What a child needs until its own filter is in place.
    SYS_fstat, SYS_getppid, SYS_dup3, SYS_close_range, SYS_pread64, SYS_write, FILTER_END};
static const struct filter_tied master_tied[] = {
    {SYS_clone, 0, FILTER_IS, SIGCHLD}, // no thread, no namespace
    {SYS_kill, 1, FILTER_IS, SIGKILL},
    {SYS_newfstatat, 3, FILTER_IS, AT_EMPTY_PATH}, // what newer C libraries make of fstat
    {SYS_prlimit64, 0, FILTER_IS, 0},              // of its own limits
    {SYS_prctl, 0, FILTER_IS, PR_SET_PDEATHSIG},
    {SYS_seccomp, 0, FILTER_IS, SECCOMP_SET_MODE_FILTER},
};

static int limit_set(int which, rlim_t value)
{
    const struct rlimit limit = {value, value};
    return setrlimit(which, &limit) < 0 ? -errno : 0;
}

static int user_drop(void)
{
    if (geteuid() != 0)
        return 0;
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
            return -errno;
    return setgroups(0, NULL) < 0 || setresgid(USER_NOBODY, USER_NOBODY, USER_NOBODY) < 0 ||
                   setresuid(USER_NOBODY, USER_NOBODY, USER_NOBODY) < 0
               ? -errno
               : 0;
}

// Empties every set; whether they are empty is asked of the kernel afterwards.
static int capabilities_drop(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || syscall(SYS_capset, &header, sets) < 0 ||
        syscall(SYS_capget, &header, sets) < 0)
        return -errno;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
        if (sets[i].effective | sets[i].permitted | sets[i].inheritable)
            return -EPERM;
    return 0;
}

int sandbox_master(void)
{
    struct filter filter;

    if (close_range(3, ~0u, 0) < 0)
        return -errno;
    int r = user_drop();
    r = r < 0 ? r : capabilities_drop();
    r = r < 0 ? r : limit_set(RLIMIT_CORE, 0);
    r = r < 0 ? r : limit_set(RLIMIT_FSIZE, 0);
    r = r < 0 ? r : limit_set(RLIMIT_NOFILE, MASTER_FDS_MAX);
    r = r < 0 ? r : limit_set(RLIMIT_AS, MEMORY_BYTES_MAX);
    if (r < 0)
        return r;
    // A change of user forgets the parent's death, hence here.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    filter_begin(&filter);
    filter_calls(&filter, master_allowed, SECCOMP_RET_ALLOW);
    for (size_t i = 0; i < array_size(master_tied); i++)
        filter_tied(&filter, &master_tied[i]);
    return filter_install(&filter, SECCOMP_RET_KILL_PROCESS);
}

int sandbox_child(int file_fd, int answer_fd, pid_t master)
{
    struct filter filter;

    // Both are above the places they go to: the master keeps 0 to 2 occupied.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != master || dup3(file_fd, SANDBOX_FILE_FD, 0) < 0 ||
        dup3(answer_fd, SANDBOX_ANSWER_FD, 0) < 0 || close_range(2, ~0u, 0) < 0)
        return -errno;
    int r = limit_set(RLIMIT_CPU, CHILD_CPU_SECONDS);
    r = r < 0 ? r : limit_set(RLIMIT_NOFILE, 0);
    r = r < 0 ? r : limit_set(RLIMIT_NPROC, 0);
    if (r < 0)
        return r;
    filter_begin(&filter);
    filter_calls(&filter, child_allowed, SECCOMP_RET_ALLOW);
    filter_tied(&filter, &child_file);
    filter_tied(&filter, &child_answer);
    return filter_install(&filter, SECCOMP_RET_KILL_PROCESS);
}
