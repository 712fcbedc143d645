// One holder at a time of what two CPUs may reach at once; no BPF spin lock, as helpers are called inside. Who waits
// does so for a bounded number of looks and then goes on without: a wrong exchange is better than a stalled service.
// The word is our own, in a map. Compiles in user space too (tests/unit/bpf).
#pragma once

#define LOCK_LOOKS     4096 // of a round, some 20 us: the verifier goes through each, once
#define LOCK_LOOKS_FEW 64   // where it does so at every place that waits (before 5.12): 0.3 us and no more

enum patience {          // rounds
    PATIENCE_SHORT = 8,  // some 0.2 ms, where a soft interrupt may have interrupted the holder itself
    PATIENCE_LONG = 100, // some 2 ms: holders were seen to be away for 0.3 ms
};

// On x86 by plain additions, which every kernel takes (before 5.12 nothing else): all happen in one order, so whoever
// reads its own 1 and no more is alone.
static inline bool lock_try(__u32 *busy)
{
#if defined(__TARGET_ARCH_x86) || defined(__x86_64__)
    __sync_fetch_and_add(busy, 1);
    if (*(volatile __u32 *)busy == 1)
        return true;
    __sync_fetch_and_add(busy, -1);
    return false;
#else
    return __sync_val_compare_and_swap(busy, 0, 1) == 0;
#endif
}

static inline bool lock_round(__u32 *busy, __u32 looks)
{
    for (__u32 i = 0; i < looks; i++)
        if (lock_try(busy))
            return true;
    return false;
}

// Goes on without; the release takes it back.
static inline void lock_pass(__u32 *busy)
{
    __sync_fetch_and_add(busy, 1);
}

static inline void lock_release(__u32 *busy)
{
#if defined(__TARGET_ARCH_x86) || defined(__x86_64__)
    __sync_fetch_and_add(busy, -1);
#else
    __sync_lock_test_and_set(busy, 0);
#endif
}
