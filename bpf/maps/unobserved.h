// Is none of four processes observed, by all their targets at once? Compiles in user space too (tests/unit/bpf).
#pragma once
#include "common/abi/policy.h"

// `settled` is the policy's: nobody is unobserved while rules are being replaced.
static inline bool unobserved(__u64 settled, __u64 four)
{
    return ((four | TARGET_OWN) & settled) == TARGET_OWN;
}
