// The two filters; see seccomp.h.
#include "loader/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "common/lib/filter.h"
#include "common/lib/log.h"

#define BPF_ITER_CREATE_COMMAND 33 // enum bpf_cmd; older headers lack it
#define OPEN_WRITES             (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)

#define VIOLATION SECCOMP_RET_TRAP

// Loading: what a loader never does.
static const int load_refused[] = {
    // Another program, another process.
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd, SYS_kcmp,
    // The kernel itself.
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot,
    // Other files than those it is meant to see.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_setns,
    SYS_unshare, SYS_open_by_handle_at,
    // Others' keys; large parts of the kernel that it does not use.
    SYS_keyctl, SYS_add_key, SYS_request_key, SYS_userfaultfd, SYS_io_uring_setup, SYS_perf_event_open,
    // The network, but for unix_sockets.
    SYS_socket, FILTER_END};

// Serving: all there is.
static const int serve_allowed[] = {
    // The loop: timer, signals, iterators, log.
    SYS_epoll_pwait, SYS_epoll_ctl, SYS_read, SYS_write, SYS_close,
    // Collector, resolver, service manager.
    SYS_accept4, SYS_getsockopt, SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg,
    // /proc/PID/exe: its name, whether it is there.
    SYS_readlinkat, SYS_faccessat, SYS_newfstatat,
    // The end: pins and the socket are removed.
    SYS_getdents64, SYS_unlinkat, SYS_munmap, SYS_exit_group,
    // The C library and the kernel.
    SYS_rt_sigreturn, SYS_restart_syscall, SYS_clock_gettime,
#ifdef SYS_epoll_wait // x86-64 keeps the older calls beside the ones above
    SYS_epoll_wait, SYS_readlink, SYS_access, SYS_unlink, SYS_rmdir,
#endif
    FILTER_END};
static const int serve_without_memory[] = {SYS_brk, SYS_mmap, FILTER_END}; // refused with ENOMEM: no growth

// Calls that depend on an argument.
static const struct filter_tied unix_sockets = {SYS_socket, 0, FILTER_IS, AF_UNIX};
static const struct filter_tied iterators = {SYS_bpf, 0, FILTER_IS, BPF_ITER_CREATE_COMMAND};
static const struct filter_tied statistics = {SYS_bpf, 0, FILTER_IS, BPF_OBJ_GET_INFO_BY_FD}; // of our programs
// /proc/PID/exe for the resolver, our pins.
static const struct filter_tied reading = {SYS_openat, 2, FILTER_LACKS, OPEN_WRITES};

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

static int violations_end(struct filter *filter, uint32_t otherwise)
{
    struct sigaction action = {.sa_sigaction = violation_say, .sa_flags = SA_SIGINFO};
    int r = sigaction(SIGSYS, &action, NULL) < 0 ? -errno : filter_install(filter, otherwise);

    if (r < 0)
        log_error("cannot install a system call filter: %s", strerror(-r));
    return r;
}

int seccomp_before_load(void)
{
    struct filter filter;

    filter_begin(&filter);
    filter_tied(&filter, &unix_sockets);
    filter_calls(&filter, load_refused, VIOLATION);
    return violations_end(&filter, SECCOMP_RET_ALLOW);
}

int seccomp_before_serve(void)
{
    struct filter filter;

    filter_begin(&filter);
    filter_calls(&filter, serve_allowed, SECCOMP_RET_ALLOW);
    filter_calls(&filter, serve_without_memory, SECCOMP_RET_ERRNO | ENOMEM);
    filter_tied(&filter, &unix_sockets);
    filter_tied(&filter, &iterators);
    filter_tied(&filter, &statistics);
    filter_tied(&filter, &reading);
    return violations_end(&filter, VIOLATION);
}
