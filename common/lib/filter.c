// See filter.h. Called by the loader and the resolver before they serve.
#include "common/lib/filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#else
#error "no seccomp filter for this architecture"
#endif

#define X32_BIT 0x40000000u // x86-64: the other system call table; arm64 has no calls up there either

static void add(struct filter *filter, uint16_t code, uint8_t yes, uint8_t no, uint32_t value)
{
    if (filter->n < FILTER_INSTRUCTIONS_MAX)
        filter->code[filter->n++] = (struct sock_filter){code, yes, no, value};
}

static void add_load(struct filter *filter, size_t offset)
{
    add(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void add_return(struct filter *filter, uint32_t action)
{
    add(filter, BPF_RET | BPF_K, 0, 0, action);
}

void filter_begin(struct filter *filter)
{
    filter->n = 0;
    add_load(filter, offsetof(struct seccomp_data, arch));
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, FILTER_ARCH);
    add_return(filter, SECCOMP_RET_KILL_PROCESS);
    add_load(filter, offsetof(struct seccomp_data, nr));
    add(filter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
    add_return(filter, SECCOMP_RET_KILL_PROCESS);
}

void filter_calls(struct filter *filter, const int *calls, uint32_t action)
{
    for (; *calls != FILTER_END; calls++) {
        add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)*calls);
        add_return(filter, action);
    }
}

void filter_tied(struct filter *filter, const struct filter_tied *tied)
{
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)tied->call);
    add_load(filter, offsetof(struct seccomp_data, args) + tied->argument * sizeof(uint64_t));
    if (tied->test == FILTER_IS)
        add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, tied->value);
    else
        add(filter, BPF_JMP | BPF_JSET | BPF_K, 1, 0, tied->value);
    add_return(filter, SECCOMP_RET_ALLOW);
    add_load(filter, offsetof(struct seccomp_data, nr));
}

int filter_install(struct filter *filter, uint32_t otherwise)
{
    struct sock_fprog program = {0, filter->code};

    add_return(filter, otherwise);
    program.len = filter->n;
    if (filter->n == FILTER_INSTRUCTIONS_MAX) // its end may be missing
        return -E2BIG;
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
