// System call filters (seccomp(2)), put together from tables that can be read beside AUDIT.md. Written here because the
// programs that use it must be small and need nothing of a library that makes filters.
#pragma once

#include <linux/filter.h>
#include <stdint.h>
#include "common/lib/cleanup.h"

#define FILTER_INSTRUCTIONS_MAX 256
#define FILTER_END              (-1) // of a list of calls

struct filter {
    struct sock_filter code[FILTER_INSTRUCTIONS_MAX];
    unsigned short n;
};

// A call that depends on an argument, of which the kernel takes the low half only. LACKS: none of these bits.
enum filter_test { FILTER_IS, FILTER_LACKS };
struct filter_tied {
    int call;
    unsigned argument;
    enum filter_test test;
    uint32_t value;
};

// Calls of another architecture's table end the process.
void filter_begin(struct filter *filter);
// action: SECCOMP_RET_*
void filter_calls(struct filter *filter, const int *calls, uint32_t action);
// Allowed if the argument is right; else what follows decides.
void filter_tied(struct filter *filter, const struct filter_tied *tied);
// For good. Needs no_new_privs or CAP_SYS_ADMIN. 0 or -errno.
int filter_install(struct filter *filter, uint32_t otherwise) must_check;
