// The sandbox; see sandbox.h. Called by master.c. The filters are plain BPF made from the tables below: nothing else of
// a library has to be trusted, and what is allowed can be read here.
#include "resolver/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "which AUDIT_ARCH is this?"
#endif

#define USER_NOBODY       65534
#define MEMORY_BYTES_MAX  (32u << 20)
#define CHILD_CPU_SECONDS 1
#define INSTRUCTIONS_MAX  128
#define MASTER_FDS_MAX    16

struct rule {
    unsigned call;
    int argument; // which one must have the value, -1: any
    unsigned value;
};

static const struct rule child_rules[] = {
    {SYS_pread64, 0, SANDBOX_FILE_FD},
    {SYS_write, 0, SANDBOX_ANSWER_FD},
    {SYS_exit_group, -1, 0},
};

// The second half is what a child needs until its own filter is in place.
static const struct rule master_rules[] = {
    {SYS_recvmsg, -1, 0},
    {SYS_sendto, -1, 0},
    {SYS_pipe2, -1, 0},
    {SYS_getpid, -1, 0},
    {SYS_clone, 0, SIGCHLD}, // no thread, no namespace
    {SYS_close, -1, 0},
    {SYS_ppoll, -1, 0},
    {SYS_read, -1, 0},
    {SYS_clock_gettime, -1, 0},
    {SYS_kill, 1, SIGKILL},
    {SYS_wait4, -1, 0},
    {SYS_exit_group, -1, 0},

    {SYS_getppid, -1, 0},
    {SYS_dup3, -1, 0},
    {SYS_close_range, -1, 0},
    {SYS_fstat, -1, 0},
    {SYS_newfstatat, 3, 0x1000}, // AT_EMPTY_PATH: what newer C libraries make of fstat
    {SYS_prlimit64, 0, 0},
    {SYS_prctl, 0, PR_SET_PDEATHSIG},
    {SYS_seccomp, 0, SECCOMP_SET_MODE_FILTER},
    {SYS_pread64, -1, 0},
    {SYS_write, -1, 0},
};

static int filter_install(const struct rule *rules, size_t count)
{
    struct sock_filter code[INSTRUCTIONS_MAX] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, nr)), // the x32 calls have numbers of their own
    };
    size_t n = 4;

    for (size_t i = 0; i < count; i++) {
        bool any = rules[i].argument < 0;
        if (n + 6 > INSTRUCTIONS_MAX)
            return -E2BIG;
        code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rules[i].call, 0, any ? 1 : 4);
        if (!any) {
            // The low half, which is all that the kernel takes of an int.
            size_t argument = offsetof(struct seccomp_data, args) + 8 * (size_t)rules[i].argument;
            code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)argument);
            code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rules[i].value, 1, 0);
            code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
        }
        code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    struct sock_fprog program = {(unsigned short)n, code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}

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
    return filter_install(master_rules, array_size(master_rules));
}

int sandbox_child(int file_fd, int answer_fd, pid_t master)
{
    // Both are above the places they go to: the master keeps 0 to 2 occupied.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != master || dup3(file_fd, SANDBOX_FILE_FD, 0) < 0 ||
        dup3(answer_fd, SANDBOX_ANSWER_FD, 0) < 0 || close_range(2, ~0u, 0) < 0)
        return -errno;
    int r = limit_set(RLIMIT_CPU, CHILD_CPU_SECONDS);
    r = r < 0 ? r : limit_set(RLIMIT_NOFILE, 0);
    r = r < 0 ? r : limit_set(RLIMIT_NPROC, 0);
    return r < 0 ? r : filter_install(child_rules, array_size(child_rules));
}
