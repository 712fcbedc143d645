// Hashing of short keys in memory: fast, and with a secret seed not to be steered by whoever chooses the keys. For
// tables of this process only: the values differ from run to run and host to host.
#pragma once

#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include "common/lib/str.h"

// How many buckets a chained table of so many entries has: a power of two.
static inline uint32_t hash_buckets(uint32_t entries_max)
{
    uint32_t buckets = 16;
    while (buckets < entries_max && buckets < UINT32_C(1) << 24)
        buckets *= 2;
    return buckets;
}

// A secret for a table's keys.
static inline uint64_t hash_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != sizeof seed)
        seed = (uintptr_t)&seed; // early at boot: at least the address space is random
    return seed;
}

// Multiply and fold (as in wyhash): every bit of a and b reaches every bit of the result.
static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)(a ^ UINT64_C(0x9e3779b97f4a7c15)) * (b ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_text(uint64_t hash, struct str s)
{
    hash = hash_mix(hash, s.n);
    while (s.n) {
        uint64_t word = 0;
        size_t taken = s.n < sizeof(word) ? s.n : sizeof(word);
        memcpy(&word, s.p, taken);
        hash = hash_mix(hash, word);
        s.p += taken;
        s.n -= taken;
    }
    return hash;
}
