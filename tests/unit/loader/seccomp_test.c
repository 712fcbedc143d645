// The loader's two filters from inside: a child installs them (this file includes loader/seccomp.c itself) and makes a
// call. One that is refused ends it with exit code 1 and a log line with the call's number; every other one answers as
// without a filter.
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
// The C library's, in place of AddressSanitizer's, which makes a call of its own before it ends.
#define _exit(code) syscall(SYS_exit_group, code)
#include "loader/seccomp.c"

#define CALLS_MAX 480 // above the highest number that this architecture has
#define ANSWERED  42  // exit code of a child that was not stopped
// x86-64's uretprobe and uprobe: made by trampolines of the kernel's own, which lets no filter see them (6.14) and
// ends whoever else makes them.
#define UPROBE_CALL_FIRST 335
#define UPROBE_CALL_LAST  336
#define X32_BIT           0x40000000u

enum stage { LOAD, SERVE };

struct attempt {
    long call;
    long argument[4];
};

// What a loader that was taken over would want, whatever the tables in seccomp.c say: refused while loading and while
// serving.
static const int never[] = {
    // Another program, another process.
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd,
    // The kernel itself.
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_userfaultfd,
    SYS_io_uring_setup, SYS_perf_event_open,
    // Others' files and keys.
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns, SYS_unshare, SYS_open_by_handle_at, SYS_keyctl,
    SYS_add_key, SYS_request_key};
// And once everything is attached.
static const int never_serving[] = {
    // Processes, and who we are.
    SYS_clone, SYS_kill, SYS_tgkill, SYS_tkill, SYS_pidfd_open, SYS_pidfd_send_signal, SYS_prctl, SYS_prlimit64,
    SYS_seccomp, SYS_capset, SYS_setuid, SYS_setresuid, SYS_setgroups,
    // Sockets.
    SYS_connect, SYS_bind, SYS_listen, SYS_socketpair, SYS_sendmmsg,
    // Files.
    SYS_chmod, SYS_fchmodat, SYS_fchownat, SYS_linkat, SYS_symlinkat, SYS_renameat2, SYS_mkdirat, SYS_mknodat,
    SYS_open_tree, SYS_openat2, SYS_pwrite64, SYS_ioctl, SYS_fcntl, SYS_dup,
#ifdef SYS_fork // x86-64 keeps the older calls beside the ones above
    SYS_fork, SYS_vfork, SYS_open, SYS_creat,
#endif
    // Memory.
    SYS_mprotect, SYS_mremap, SYS_memfd_create};

static void stage_enter(enum stage stage)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_before_load() < 0 ||
        (stage == SERVE && seccomp_before_serve() < 0))
        _exit(255);
}

// The child's wait status; what it wrote to standard error in log. ret_error: errno of the call, or 0.
static int attempt_make(enum stage stage, const struct attempt *attempt, char *log, size_t room, int *ret_error)
{
    int output[2], *error = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), status;
    assert_true(error != MAP_FAILED);
    assert_int_equal(pipe(output), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(output[1], STDERR_FILENO);
        stage_enter(stage);
        const long *a = attempt->argument;
        *error = syscall(attempt->call, a[0], a[1], a[2], a[3], 0L, 0L) == -1 ? errno : 0;
        _exit(ANSWERED);
    }
    close(output[1]);
    assert_true(child > 0);
    ssize_t n = read(output[0], log, room - 1);
    log[n > 0 ? n : 0] = 0;
    close(output[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    *ret_error = *error;
    munmap(error, 4096);
    return status;
}

static void expect_refused(enum stage stage, struct attempt attempt)
{
    char log[256], expected[128];
    int error, status = attempt_make(stage, &attempt, log, sizeof log, &error);

    snprintf(expected, sizeof expected, "redstart-loader: error: the system call filter refused call%6ld\n",
             attempt.call);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 1 || strcmp(log, expected) != 0)
        fail_msg("stage %d, call %ld (%ld, %ld, %ld): status 0x%x, errno %d, log '%s'", stage, attempt.call,
                 attempt.argument[0], attempt.argument[1], attempt.argument[2], status, error, log);
}

static void expect_answered(enum stage stage, struct attempt attempt, int expected)
{
    char log[256];
    int error, status = attempt_make(stage, &attempt, log, sizeof log, &error);

    if (!WIFEXITED(status) || WEXITSTATUS(status) != ANSWERED || error != expected || *log)
        fail_msg("stage %d, call %ld (%ld): status 0x%x, errno %d, log '%s'", stage, attempt.call, attempt.argument[0],
                 status, error, log);
}

static bool listed(const int *calls, int call)
{
    for (; *calls != FILTER_END; calls++)
        if (*calls == call)
            return true;
    return false;
}

static void test_never(void **state)
{
    for (unsigned i = 0; i < array_size(never); i++)
        for (enum stage stage = LOAD; stage <= SERVE; stage++)
            expect_refused(stage, (struct attempt){never[i], {-1, -1, -1, -1}});
    for (unsigned i = 0; i < array_size(never_serving); i++)
        expect_refused(SERVE, (struct attempt){never_serving[i], {-1, -1, -1, -1}});
}

static void test_load_table(void **state)
{
    for (const int *call = load_refused; *call != FILTER_END; call++)
        for (enum stage stage = LOAD; stage <= SERVE; stage++)
            expect_refused(stage, (struct attempt){*call, {-1, -1, -1, -1}});
}

// Whatever is in no table is refused when serving, new calls of new kernels included.
static void test_serve_everything_else(void **state)
{
    unsigned refused = 0;
    for (int call = 0; call < CALLS_MAX; call++) {
        if (listed(serve_allowed, call) || listed(serve_without_memory, call) || call == unix_sockets.call ||
            call == iterators.call || call == reading.call || (call >= UPROBE_CALL_FIRST && call <= UPROBE_CALL_LAST))
            continue;
        expect_refused(SERVE, (struct attempt){call, {-1, -1, -1, -1}});
        refused++;
    }
    assert_in_range(refused, CALLS_MAX - 40, CALLS_MAX - 25);
}

// Arguments that are wrong for each of them: that the kernel says so shows that it was asked.
static void test_serve_table(void **state)
{
    for (const int *call = serve_allowed; *call != FILTER_END; call++) {
        struct attempt attempt = {*call, {-1, -1, -1, -1}};
        char log[256];
        int error, status;
        if (*call == SYS_rt_sigreturn || *call == SYS_exit_group)
            continue; // they do not come back
        status = attempt_make(SERVE, &attempt, log, sizeof log, &error);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != ANSWERED || error == 0 || error == ENOSYS || *log)
            fail_msg("call %d: status 0x%x, errno %d, log '%s'", *call, status, error, log);
    }
    expect_answered(SERVE, (struct attempt){SYS_brk, {0}}, ENOMEM);
    expect_answered(SERVE, (struct attempt){SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS}}, ENOMEM);
}

static void test_exit(void **state)
{
    char log[256];
    int error, status = attempt_make(SERVE, &(struct attempt){SYS_exit_group, {7}}, log, sizeof log, &error);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void test_sockets(void **state)
{
    static const long families[] = {AF_INET, AF_INET6,     AF_NETLINK, AF_PACKET, AF_VSOCK,
                                    AF_ALG,  AF_BLUETOOTH, AF_UNSPEC,  -1};
    for (enum stage stage = LOAD; stage <= SERVE; stage++) {
        for (unsigned i = 0; i < array_size(families); i++)
            for (long high = 0; high <= 1; high++) // the kernel does not look at the upper half, and neither must we
                expect_refused(stage, (struct attempt){SYS_socket, {families[i] | high << 32, SOCK_DGRAM}});
        expect_answered(stage, (struct attempt){SYS_socket, {AF_UNIX, SOCK_SEQPACKET}}, 0);
    }
}

static void test_bpf_commands(void **state)
{
    for (long command = 0; command < 64; command++)
        if (command != BPF_ITER_CREATE_COMMAND && command != BPF_OBJ_GET_INFO_BY_FD)
            for (long high = 0; high <= 1; high++)
                expect_refused(SERVE, (struct attempt){SYS_bpf, {command | high << 32, 0, 0}});
    expect_answered(SERVE, (struct attempt){SYS_bpf, {BPF_ITER_CREATE_COMMAND, -1, 16}}, EFAULT);
    expect_answered(SERVE, (struct attempt){SYS_bpf, {BPF_OBJ_GET_INFO_BY_FD, -1, 16}}, EFAULT);
}

static void test_open(void **state)
{
    static const int writes[] = {O_WRONLY,
                                 O_RDWR,
                                 O_RDONLY | O_CREAT,
                                 O_RDONLY | O_TRUNC,
                                 O_RDONLY | O_APPEND,
                                 O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                                 O_RDWR | O_TMPFILE};
    for (unsigned i = 0; i < array_size(writes); i++)
        expect_refused(SERVE, (struct attempt){SYS_openat, {AT_FDCWD, (long)"/dev/null", writes[i], 0600}});
    expect_answered(SERVE, (struct attempt){SYS_openat, {AT_FDCWD, (long)"/dev/null", O_RDONLY | O_CLOEXEC}}, 0);
    expect_answered(SERVE, (struct attempt){SYS_openat, {AT_FDCWD, (long)"/nonexistent", O_RDONLY}}, ENOENT);
}

// The other tables of calls of the same machine: the end at once, without a word.
static void test_other_tables(void **state)
{
#ifdef __x86_64__
    char log[256];
    for (enum stage stage = LOAD; stage <= SERVE; stage++) {
        int error, status = attempt_make(stage, &(struct attempt){X32_BIT | SYS_getpid, {0}}, log, sizeof log, &error);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
        pid_t child = fork();
        if (child == 0) {
            long number = 20; // getpid of i386
            stage_enter(stage);
            __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
            _exit(ANSWERED);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status)); // SIGSYS, or SIGSEGV where the kernel has no such table
    }
#endif
}

static void test_filter_fits(void **state)
{
    struct filter filter;
    filter_begin(&filter);
    filter_calls(&filter, serve_allowed, SECCOMP_RET_ALLOW);
    assert_in_range(filter.n, 10, FILTER_INSTRUCTIONS_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_load_table),
        cmocka_unit_test(test_serve_everything_else),
        cmocka_unit_test(test_serve_table),
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_sockets),
        cmocka_unit_test(test_bpf_commands),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_other_tables),
        cmocka_unit_test(test_filter_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
