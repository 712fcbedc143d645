// The seccomp filter; see sandbox_calls.h for the tables and sandbox.h for when. What depends on arguments:
// - socket: Unix, IPv4, IPv6 as streams and datagrams; no raw, netlink or packet, no protocol that would load a module
// - bind, listen: EPERM, what listens is open already (glibc asks to bind a netlink socket, and goes on without)
// - clone: threads only, anything else is fatal; clone3, whose flags no filter can see, is not there: glibc falls back
// - mmap, mprotect: never writable and executable, never executable later
// - prctl: names of threads and of memory; tgkill: ourselves (abort)
// - ioctl: whether a socket blocks, whether it is a terminal; no TIOCSTI
// - prlimit64: reading our own
#include "collector/core/sandbox.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include "collector/core/sandbox_calls.h"
#include "common/lib/log.h"

#define SOCKET_TYPE_MASK 0xf
#define NEW_NAMESPACES                                                                                                 \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

struct call {
    int number;
    const char *name;
};

#define CALL(name) {SCMP_SYS(name), #name},
static const struct call passed[] = {SANDBOX_PASSED(CALL)};
static const struct call fatal[] = {SANDBOX_FATAL(CALL) CALL(clone)};
#undef CALL

// In a sanitizer build leak detection clones a task at the end, which stops and traces us.
static const int sanitizer_calls[] = {
#if SANDBOX_SANITIZER
    SCMP_SYS(clone), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(tgkill),
    SCMP_SYS(prctl), SCMP_SYS(wait4),  SCMP_SYS(getdents),
#endif
    __NR_SCMP_UNDEF, // an empty table is none
};

static const char *fatal_name(int number)
{
    for (unsigned i = 0; i < array_size(fatal); i++)
        if (fatal[i].number == number)
            return fatal[i].name;
    return "?";
}

// Only says why: whoever replaces this handler is still refused. The signal is caused by the call itself, so no lock of
// ours is held but the caller's own. The end is by the same signal, for the service manager to see.
static void call_refused(int signal_number, siginfo_t *info, void *context)
{
    log_error("sandbox: ended by a system call that it never makes: %s (%d)", fatal_name(info->si_syscall),
              info->si_syscall);
    signal(SIGSYS, SIG_DFL);
    raise(SIGSYS);
}

static int handler_install(void)
{
    struct sigaction action = {.sa_sigaction = call_refused, .sa_flags = SA_SIGINFO | SA_NODEFER};
    return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

static bool sanitizer_makes(int number)
{
    for (unsigned i = 0; sanitizer_calls[i] != __NR_SCMP_UNDEF; i++)
        if (sanitizer_calls[i] == number)
            return true;
    return false;
}

static int calls_add(scmp_filter_ctx filter)
{
    int r = 0;
    for (unsigned i = 0; r == 0 && i < array_size(passed); i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, passed[i].number, 0);
    for (unsigned i = 0; r == 0 && sanitizer_calls[i] != __NR_SCMP_UNDEF; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, sanitizer_calls[i], 0);
    // A call that this architecture does not have has a negative number and needs no rule.
    for (unsigned i = 0; r == 0 && i < array_size(fatal); i++)
        if (fatal[i].number >= 0 && fatal[i].number != SCMP_SYS(clone) && !sanitizer_makes(fatal[i].number))
            r = seccomp_rule_add(filter, SCMP_ACT_TRAP, fatal[i].number, 0);
    return r;
}

static int sockets_add(scmp_filter_ctx filter)
{
    static const struct {
        int domain, type, protocol;
    } sockets[] = {
        {AF_UNIX, SOCK_STREAM, 0},
        {AF_UNIX, SOCK_DGRAM, 0},
        {AF_UNIX, SOCK_SEQPACKET, 0},
        {AF_INET, SOCK_STREAM, 0},
        {AF_INET, SOCK_STREAM, IPPROTO_TCP},
        {AF_INET, SOCK_DGRAM, 0},
        {AF_INET, SOCK_DGRAM, IPPROTO_UDP},
        {AF_INET6, SOCK_STREAM, 0},
        {AF_INET6, SOCK_STREAM, IPPROTO_TCP},
        {AF_INET6, SOCK_DGRAM, 0},
        {AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
    };
    int r = 0;
    for (unsigned i = 0; r == 0 && i < array_size(sockets); i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 3,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)sockets[i].domain),
                             SCMP_A1(SCMP_CMP_MASKED_EQ, SOCKET_TYPE_MASK, (scmp_datum_t)sockets[i].type),
                             SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)sockets[i].protocol));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bind), 0);
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(listen), 0);
    return r;
}

static int memory_add(scmp_filter_ctx filter)
{
    int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (r == 0) // a library of the name service
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, PROT_EXEC));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return r;
}

static int threads_add(scmp_filter_ctx filter)
{
    int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | NEW_NAMESPACES, CLONE_THREAD));
    if (r == 0 && !sanitizer_makes(SCMP_SYS(clone)))
        r = seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    return r;
}

static int arguments_add(scmp_filter_ctx filter)
{
    static const int prctls[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_DUMPABLE};
    static const unsigned long ioctls[] = {FIONBIO, FIONREAD, TCGETS, TIOCGWINSZ};
    int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    for (unsigned i = 0; r == 0 && i < array_size(prctls); i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)prctls[i]));
    for (unsigned i = 0; r == 0 && i < array_size(ioctls); i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, ioctls[i]));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0),
                             SCMP_A2(SCMP_CMP_EQ, 0));
    return r;
}

int sandbox_restrict_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS)); // another architecture's calls: killed
    if (!filter)
        return -ENOMEM;
    int r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (r == 0) // a tree instead of a list: a call costs the kernel a few comparisons, not a hundred
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (r == 0)
        r = calls_add(filter);
    if (r == 0)
        r = sockets_add(filter);
    if (r == 0)
        r = memory_add(filter);
    if (r == 0)
        r = threads_add(filter);
    if (r == 0)
        r = arguments_add(filter);
    if (r == 0)
        r = handler_install();
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r;
}
