// The sandbox from inside: a child enters it and makes each call that it must not make. A fatal one ends the child by
// SIGSYS, all others are refused with their errno; what the collector does goes on working.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "collector/core/sandbox.h"
#include "collector/core/sandbox_calls.h"

// 0 or the errno that a call in the sandbox gave.
typedef int attempt_fn(void);

static int child_status(pid_t child)
{
    int status;
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void expect_errno(const char *what, attempt_fn *attempt, int expected)
{
    pid_t child = fork();
    if (child == 0)
        _exit(sandbox_restrict_calls() < 0 ? 255 : attempt());
    int status = child_status(child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != expected)
        fail_msg("%s: expected errno %d, saw status 0x%x", what, expected, status);
}

// Standard error of the child goes to a pipe: the log line must name the call.
static void expect_fatal(const char *name, int number, long first)
{
    int output[2];
    char log[256] = "", expected[256];
    assert_int_equal(pipe(output), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(output[1], STDERR_FILENO);
        if (sandbox_restrict_calls() < 0)
            _exit(255);
        syscall(number, first, -1L, -1L, -1L, -1L, -1L);
        _exit(254);
    }
    close(output[1]);
    int status = child_status(child);
    assert_true(read(output[0], log, sizeof log - 1) >= 0);
    close(output[0]);
    snprintf(expected, sizeof expected,
             "redstart: error: sandbox: ended by a system call that it never makes: %s (%d)\n", name, number);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
        fail_msg("%s: expected the end by SIGSYS, saw status 0x%x", name, status);
    assert_string_equal(log, expected);
}

static void test_fatal_calls(void **state)
{
    static const struct {
        const char *name;
        int number;
    } calls[] = {
#define CALL(name) {#name, SCMP_SYS(name)},
        SANDBOX_FATAL(CALL)
#undef CALL
    };
    for (unsigned i = 0; i < array_size(calls); i++) {
        bool sanitizers = SANDBOX_SANITIZER && (calls[i].number == SCMP_SYS(ptrace) || //
                                                calls[i].number == SCMP_SYS(process_vm_readv));
        if (calls[i].number >= 0 && !sanitizers)
            expect_fatal(calls[i].name, calls[i].number, -1);
    }
    if (!SANDBOX_SANITIZER) // fork(2) as glibc makes it
        expect_fatal("clone", SYS_clone, SIGCHLD);
}

static int socket_try(int domain, int type, int protocol)
{
    return socket(domain, type, protocol) < 0 ? errno : 0;
}

static int netlink(void)
{
    return socket_try(AF_NETLINK, SOCK_RAW, 0);
}

static int packet(void)
{
    return socket_try(AF_PACKET, SOCK_DGRAM, 0);
}

static int raw(void)
{
    return socket_try(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int sctp(void)
{
    return socket_try(AF_INET, SOCK_STREAM, 132);
}

static int listen_new(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd < 0 ? 255 : listen(fd, 1) < 0 ? errno : 0;
}

static int bind_new(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd < 0 ? 255 : bind(fd, (struct sockaddr *)&any, sizeof any) < 0 ? errno : 0;
}

static int thread_in_namespace(void)
{
    return syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWUSER, 0, 0, 0, 0) < 0 ? errno : 0;
}

static int clone_unseen(void)
{
    return syscall(SYS_clone3, NULL, 0) < 0 ? errno : 0;
}

static int writable_code(void)
{
    void *page = mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? errno : 0;
}

static int later_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? 255 : mprotect(page, 4096, PROT_READ | PROT_EXEC) < 0 ? errno : 0;
}

static int terminal_push(void)
{
    return ioctl(STDIN_FILENO, TIOCSTI, "x") < 0 ? errno : 0;
}

static int limits_raise(void)
{
    struct rlimit limit = {1024, 1024};
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? errno : 0;
}

static int file_remove(void)
{
    return unlink("/nonexistent/x") < 0 ? errno : 0;
}

static int signal_the_parent(void)
{
    return syscall(SYS_tgkill, getppid(), getppid(), 0) < 0 ? errno : 0;
}

static int dumpable_again(void)
{
    return prctl(PR_SET_DUMPABLE, 1) < 0 ? errno : 0;
}

static int new_filter(void)
{
    return syscall(SYS_seccomp, 0, 0, NULL) < 0 ? errno : 0;
}

static void test_refused_calls(void **state)
{
    expect_errno("netlink socket", netlink, ENOSYS);
    expect_errno("packet socket", packet, ENOSYS);
    expect_errno("raw socket", raw, ENOSYS);
    expect_errno("SCTP socket", sctp, ENOSYS);
    expect_errno("bind", bind_new, EPERM);
    expect_errno("listen", listen_new, EPERM);
    expect_errno("clone3", clone_unseen, ENOSYS);
    expect_errno("writable code", writable_code, ENOSYS);
    expect_errno("code made later", later_code, ENOSYS);
    expect_errno("TIOCSTI", terminal_push, ENOSYS);
    expect_errno("setrlimit", limits_raise, ENOSYS);
    expect_errno("unlink", file_remove, ENOSYS);
    expect_errno("seccomp", new_filter, ENOSYS);
    if (!SANDBOX_SANITIZER) {
        expect_errno("a thread in a namespace", thread_in_namespace, ENOSYS);
        expect_errno("a signal to the parent", signal_the_parent, ENOSYS);
        expect_errno("PR_SET_DUMPABLE", dumpable_again, ENOSYS);
    }
}

static void *thread_run(void *argument)
{
    *(int *)argument = 7;
    return NULL;
}

static int thread_start(void)
{
    pthread_t thread;
    int result = 0;
    if (pthread_create(&thread, NULL, thread_run, &result) != 0 || pthread_join(thread, NULL) != 0)
        return 1;
    return result == 7 ? 0 : 2;
}

static int name_look_up(void)
{
    struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    int r = getaddrinfo("localhost", "80", &hints, &found);
    if (r == 0)
        freeaddrinfo(found);
    return r == 0 ? 0 : 1;
}

static int connection_make(void)
{
    struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (fd < 0)
        return 1;
    connect(fd, (struct sockaddr *)&nobody, sizeof nobody);
    return errno == ECONNREFUSED || errno == EINPROGRESS ? 0 : errno;
}

static void test_what_goes_on_working(void **state)
{
    expect_errno("a thread", thread_start, 0);
    expect_errno("a name", name_look_up, 0);
    expect_errno("a connection", connection_make, 0);
}

static int open_try(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    int result = fd < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return result;
}

// The whole: exit code 0, or the number of the expectation that did not hold; 77: this kernel has no Landlock.
static int whole_check(const char *folder, const char *certificate)
{
    char other[128];
    int abi = 0;
    const char *const files[] = {certificate, NULL};
    const struct sandbox_needs needs = {.files = files};
    snprintf(other, sizeof other, "%s/certificates/next.pem", folder);
    if (sandbox_enter(&needs) < 0)
        return 1;
    if (!SANDBOX_SANITIZER && (prctl(PR_GET_SECCOMP) >= 0 || errno != ENOSYS))
        return 2;
    abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    if (abi >= 0 || errno != ENOSYS)
        return 3;
    if (open_try("/etc/hosts", O_RDONLY) != 0 || open_try("/proc/self/status", O_RDONLY) != 0)
        return 4;
    if (open_try(certificate, O_RDONLY) != 0 || open_try(other, O_RDONLY) != ENOENT)
        return 5;
    if (SANDBOX_SANITIZER)
        return 0; // it may read everything
    if (open_try(folder, O_RDONLY) != EACCES)
        return 77;
    if (open_try(certificate, O_WRONLY) != EACCES || open_try("/etc/hosts", O_RDWR) != EACCES)
        return 6;
    return connection_make() == EACCES ? 0 : 7; // nothing is pushed
}

static void test_the_whole(void **state)
{
    char folder[] = "/tmp/redstart-sandbox-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/certificates", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/certificates/ca.pem", folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
    pid_t child = fork();
    if (child == 0)
        _exit(whole_check(folder, path));
    int status = child_status(child);
    unlink(path);
    snprintf(path, sizeof path, "%s/certificates", folder);
    rmdir(path);
    rmdir(folder);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fatal_calls),
        cmocka_unit_test(test_refused_calls),
        cmocka_unit_test(test_what_goes_on_working),
        cmocka_unit_test(test_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
