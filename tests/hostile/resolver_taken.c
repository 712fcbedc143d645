// The resolver taken over: its own sandbox and its own master, but the child does what the file says instead of
// examining it, as if a hostile file had won. Each file holds one word, the name of an attack below. An attack that is
// not stopped answers "survived". With a word as argument the master itself is the victim.
// Driven by test_resolver.py; never installed.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "resolver/master.h"
#include "resolver/sandbox.h"

#define WORD_MAX 32

static volatile int never = 0;

static void recurse(volatile char *outer)
{
    volatile char room[4096];
    room[0] = outer ? outer[0] : 1;
    if (!never)
        recurse(room);
    room[1] = room[0]; // not a tail call
}

static void spin(void)
{
    while (!never)
        ;
}

static void trap(void)
{
    __builtin_trap();
}

static void write_much(void)
{
    static char much[1 << 20];
    memset(much, 'A', sizeof much);
    for (;;)
        if (write(SANDBOX_ANSWER_FD, much, sizeof much) < 0)
            return;
}

static void write_odd(void)
{
    struct resolver_answer answer = {.status = RESOLVER_DONE, .executable = {.bits = 13, .language = 200}};
    ssize_t ignored = write(SANDBOX_ANSWER_FD, &answer, sizeof answer);
    (void)ignored;
    spin();
}

#define CALL(name, ...)                                                                                                \
    {                                                                                                                  \
#name,                                                                                                         \
        {                                                                                                              \
            SYS_##name, __VA_ARGS__                                                                                    \
        }                                                                                                              \
    }

static const struct {
    const char *word;
    long call[7];
} calls[] = {
    CALL(openat, AT_FDCWD, (long)"/etc/passwd", O_RDONLY),
    CALL(open_by_handle_at, 0, 0, 0),
    CALL(socket, AF_INET, SOCK_STREAM, 0),
    {"socket_unix", {SYS_socket, AF_UNIX, SOCK_STREAM, 0}},
    CALL(connect, 0, 0, 0),
    CALL(execve, (long)"/bin/true", 0, 0),
    CALL(execveat, SANDBOX_FILE_FD, (long)"", 0, 0, 0x1000),
    {"kill_parent", {SYS_kill, 1, SIGTERM}},
    {"kill_all", {SYS_kill, -1, SIGTERM}},
    CALL(tgkill, 1, 1, SIGTERM),
    CALL(ptrace, 16, 1, 0, 0),
    CALL(process_vm_writev, 1, 0, 0, 0, 0, 0),
    {"fork", {SYS_clone, SIGCHLD, 0, 0, 0, 0}},
    {"thread", {SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0}},
    {"namespace", {SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0}},
    CALL(clone3, 0, 0),
    CALL(unshare, CLONE_NEWUSER),
    CALL(setsid, 0),
    CALL(setuid, 0),
    CALL(mmap, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    CALL(mprotect, 0x400000, 4096, PROT_READ | PROT_WRITE | PROT_EXEC),
    CALL(brk, 0),
    CALL(memfd_create, (long)"x", 0),
    CALL(ioctl, 2, 0, 0),
    CALL(bpf, 0, 0, 0),
    CALL(perf_event_open, 0, 0, -1, -1, 0),
    CALL(io_uring_setup, 1, 0),
    CALL(userfaultfd, 0),
    CALL(keyctl, 0, 0, 0),
    CALL(mount, 0, 0, 0, 0, 0),
    CALL(setns, 0, 0),
    CALL(prctl, PR_SET_DUMPABLE, 1),
    CALL(seccomp, 0, 0, 0),
    {"nanosleep", {SYS_nanosleep, 0, 0}},
    {"x32", {SYS_write | 0x40000000, SANDBOX_ANSWER_FD, 0, 0}},
    // Those that a child alone must not make.
    {"read_file", {SYS_read, SANDBOX_FILE_FD, 0, 0}},
    {"write_file", {SYS_write, SANDBOX_FILE_FD, (long)"x", 1}},
    {"write_log", {SYS_write, STDERR_FILENO, (long)"x", 1}},
    {"read_elsewhere", {SYS_pread64, SANDBOX_ANSWER_FD, 0, 0, 0}},
    {"receive", {SYS_recvmsg, 0, 0, 0}},
    {"dup", {SYS_dup3, SANDBOX_FILE_FD, 5, 0}},
    {"kill_9", {SYS_kill, 1, SIGKILL}},
    {"prctl_pdeathsig", {SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0}},
    {"rlimit", {SYS_prlimit64, 0, 0, 0, 0}},
    {"getpid", {SYS_getpid}},
};

static const struct {
    const char *word;
    void (*attack)(void);
} deeds[] = {
    {"spin", spin},
    {"write_much", write_much},
    {"write_odd", write_odd},
    {"trap", trap},
};

static void attack_run(const char *word)
{
    for (size_t i = 0; i < array_size(calls); i++)
        if (strcmp(calls[i].word, word) == 0)
            syscall(calls[i].call[0], calls[i].call[1], calls[i].call[2], calls[i].call[3], calls[i].call[4],
                    calls[i].call[5], calls[i].call[6]);
    for (size_t i = 0; i < array_size(deeds); i++)
        if (strcmp(deeds[i].word, word) == 0)
            deeds[i].attack();
    if (strcmp(word, "recurse") == 0)
        recurse(NULL);
}

// A master_examine_fn.
static void child_taken(uint64_t size, struct resolver_answer *ret_answer)
{
    char word[WORD_MAX + 1] = {0};
    if (pread(SANDBOX_FILE_FD, word, WORD_MAX, 0) > 0)
        attack_run(word);
    ret_answer->status = RESOLVER_DONE;
    ret_answer->executable = (struct executable){.bits = 64, .version_size = 8, .version = "survived"};
}

int main(int argc, char **argv)
{
    if (sandbox_master() < 0)
        return 1;
    if (argc > 1)
        attack_run(argv[1]);
    return argc > 1 ? 0 : -master_run(STDIN_FILENO, child_taken);
}
