// The system calls of the collector, as tables that the filter (sandbox_calls.c) and its test read. Three answers:
//   passed: what glibc, libcurl (which resolves names in a thread) and libmicrohttpd need to serve, push and print;
//   fatal:  nothing here ever makes it: whoever does is not us. The process ends, the log names the call;
//   all others: ENOSYS, as on a kernel without it: a newer library falls back to what the table has.
#pragma once

// Lists, a purpose a line or two.
// clang-format off
#define SANDBOX_PASSED(X)                                                                                              \
    X(read) X(write) X(readv) X(writev) X(pread64) X(lseek) X(close) X(fcntl) X(dup)                                   \
    X(fstat) X(newfstatat) X(statx) X(stat) X(lstat) X(open) X(openat) X(readlink) X(readlinkat) X(access)             \
    X(faccessat) X(faccessat2) X(getdents64) X(getcwd)                                                                 \
    X(munmap) X(mremap) X(brk) X(madvise)                                                                              \
    X(poll) X(ppoll) X(select) X(pselect6) X(epoll_create1) X(epoll_ctl) X(epoll_wait) X(epoll_pwait) X(epoll_pwait2)  \
    X(eventfd2) X(pipe) X(pipe2) X(timerfd_create) X(timerfd_settime) X(timerfd_gettime) X(signalfd4)                  \
    X(connect) X(accept) X(accept4) X(sendto) X(recvfrom) X(sendmsg) X(recvmsg) X(sendmmsg) X(recvmmsg) X(shutdown)    \
    X(setsockopt) X(getsockopt) X(getsockname) X(getpeername)                                                          \
    X(futex) X(set_robust_list) X(rseq) X(sched_yield) X(sched_getaffinity) X(membarrier)                              \
    X(rt_sigaction) X(rt_sigprocmask) X(rt_sigreturn) X(rt_sigtimedwait) X(sigaltstack) X(restart_syscall)             \
    X(clock_gettime) X(clock_getres) X(clock_nanosleep) X(nanosleep) X(gettimeofday) X(time) X(times)                  \
    X(getpid) X(gettid) X(getppid) X(getuid) X(geteuid) X(getgid) X(getegid) X(getresuid) X(capget) X(getrandom)       \
    X(uname) X(sysinfo) X(getrusage) X(getrlimit)                                                                      \
    X(exit) X(exit_group)

// Load code into the kernel or another process, become or command somebody else, see another world.
#define SANDBOX_FATAL(X)                                                                                               \
    X(bpf) X(perf_event_open) X(userfaultfd) X(io_uring_setup) X(io_uring_enter) X(io_uring_register)                  \
    X(ptrace) X(process_vm_readv) X(process_vm_writev) X(process_madvise) X(kcmp) X(pidfd_open) X(pidfd_getfd)         \
    X(pidfd_send_signal) X(kill) X(tkill) X(rt_sigqueueinfo) X(rt_tgsigqueueinfo)                                      \
    X(execve) X(execveat) X(fork) X(vfork) X(unshare) X(setns) X(personality)                                          \
    X(setuid) X(setgid) X(setreuid) X(setregid) X(setresuid) X(setresgid) X(setfsuid) X(setfsgid) X(setgroups)         \
    X(capset)                                                                                                          \
    X(chroot) X(pivot_root) X(mount) X(umount2) X(move_mount) X(mount_setattr) X(open_tree) X(fsopen) X(fsconfig)      \
    X(fsmount) X(fspick) X(open_by_handle_at) X(name_to_handle_at) X(fanotify_init) X(quotactl) X(acct) X(swapon)      \
    X(swapoff) X(mknod) X(mknodat) X(memfd_create)                                                                     \
    X(init_module) X(finit_module) X(delete_module) X(kexec_load) X(kexec_file_load) X(reboot) X(syslog)               \
    X(add_key) X(request_key) X(keyctl)                                                                                \
    X(settimeofday) X(clock_settime) X(clock_adjtime) X(adjtimex) X(sethostname) X(setdomainname) X(iopl) X(ioperm)    \
    X(modify_ldt) X(vhangup)
// clang-format on
