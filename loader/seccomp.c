// The two filters; see seccomp.h.
#include "loader/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "common/lib/log.h"

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#else
#error "no seccomp filter for this architecture"
#endif

#define X32_BIT          0x40000000u // x86-64: the other system call table
#define INSTRUCTIONS_MAX 256
#define BPF_ITER_CREATE_COMMAND 33 // enum bpf_cmd; older headers lack it
#define OPEN_WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)

#define ALLOW     SECCOMP_RET_ALLOW
#define VIOLATION SECCOMP_RET_TRAP
#define END       (-1)

// Loading: what a loader never does.
static const int load_refused[] = {
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot,
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_setns, SYS_unshare,
    SYS_open_by_handle_at, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_userfaultfd, SYS_io_uring_setup,
    SYS_perf_event_open, END};

// Serving: all there is.
static const int serve_allowed[] = {
    SYS_epoll_pwait, SYS_epoll_ctl, SYS_read, SYS_write, SYS_close, // the loop: timer, signals, iterators, log
    SYS_accept4, SYS_getsockopt, SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg, // collector, resolver, service manager
    SYS_readlinkat, SYS_faccessat, SYS_newfstatat, // /proc/PID/exe: its name, whether it is there
    SYS_getdents64, SYS_unlinkat, SYS_munmap, // the end: pins and the socket are removed
    SYS_exit_group, SYS_rt_sigreturn, SYS_restart_syscall, SYS_clock_gettime,
#ifdef SYS_epoll_wait // x86-64 keeps the older calls beside the ones above
    SYS_epoll_wait, SYS_readlink, SYS_access, SYS_unlink, SYS_rmdir,
#endif
    END};
static const int serve_without_memory[] = {SYS_brk, SYS_mmap, END}; // refused with ENOMEM: no growth

// Calls that depend on an argument. LACKS: none of these bits.
enum test { IS, LACKS };
struct tied_call {
    int call;
    unsigned argument;
    enum test test;
    uint32_t value;
};
static const struct tied_call unix_sockets = {SYS_socket, 0, IS, AF_UNIX};
static const struct tied_call iterators = {SYS_bpf, 0, IS, BPF_ITER_CREATE_COMMAND};
static const struct tied_call reading = {SYS_openat, 2, LACKS, OPEN_WRITES}; // /proc/PID/exe for the resolver, our pins

struct program {
    struct sock_filter code[INSTRUCTIONS_MAX];
    unsigned short n;
};

static void add(struct program *program, uint16_t code, uint8_t yes, uint8_t no, uint32_t value)
{
    if (program->n < INSTRUCTIONS_MAX)
        program->code[program->n++] = (struct sock_filter){code, yes, no, value};
}

static void add_load(struct program *program, size_t offset)
{
    add(program, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void add_return(struct program *program, uint32_t action)
{
    add(program, BPF_RET | BPF_K, 0, 0, action);
}

static void add_calls(struct program *program, const int *calls, uint32_t action)
{
    for (; *calls != END; calls++) {
        add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)*calls);
        add_return(program, action);
    }
}

// Allowed if the argument is right. The kernel takes these arguments as int: their low half is all there is.
static void add_tied(struct program *program, const struct tied_call *tied)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)tied->call);
    add_load(program, offsetof(struct seccomp_data, args) + tied->argument * sizeof(uint64_t));
    if (tied->test == IS)
        add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, tied->value);
    else
        add(program, BPF_JMP | BPF_JSET | BPF_K, 1, 0, tied->value);
    add_return(program, ALLOW);
    add_return(program, VIOLATION);
}

// Async-signal-safe: a number and two writes at most.
static void violation_say(int number, siginfo_t *info, void *context)
{
    char text[] = "redstart-loader: error: the system call filter refused call      \n";
    int call = info->si_syscall;

    for (size_t at = sizeof text - 3; call > 0 && at > sizeof text - 7; at--, call /= 10)
        text[at] = (char)('0' + call % 10);
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    _exit(1);
}

static void filter_begin(struct program *program)
{
    program->n = 0;
    add_load(program, offsetof(struct seccomp_data, arch));
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, FILTER_ARCH);
    add_return(program, SECCOMP_RET_KILL_PROCESS);
    add_load(program, offsetof(struct seccomp_data, nr));
    add(program, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT); // arm64 has no calls up there either
    add_return(program, SECCOMP_RET_KILL_PROCESS);
}

static int filter_install(struct program *program, uint32_t otherwise)
{
    struct sock_fprog filter = {0, program->code};
    struct sigaction action = {.sa_sigaction = violation_say, .sa_flags = SA_SIGINFO};

    add_return(program, otherwise);
    filter.len = program->n;
    if (program->n < INSTRUCTIONS_MAX && sigaction(SIGSYS, &action, NULL) == 0 &&
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0)
        return 0;
    int r = errno ? -errno : -E2BIG;
    log_error("cannot install a system call filter: %s", strerror(-r));
    return r;
}

int seccomp_before_load(void)
{
    struct program program;

    filter_begin(&program);
    add_calls(&program, load_refused, VIOLATION);
    add_tied(&program, &unix_sockets);
    return filter_install(&program, ALLOW);
}

int seccomp_before_serve(void)
{
    struct program program;

    filter_begin(&program);
    add_calls(&program, serve_allowed, ALLOW);
    add_calls(&program, serve_without_memory, SECCOMP_RET_ERRNO | ENOMEM);
    add_tied(&program, &unix_sockets);
    add_tied(&program, &iterators);
    add_tied(&program, &reading);
    return filter_install(&program, VIOLATION);
}
