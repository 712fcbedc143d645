// Monotonic and wall time; see clock.h.
#include "collector/core/clock.h"

#include <time.h>

static int64_t clock_offset_ns;

static uint64_t clock_read(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_unix_ns(void)
{
    return clock_read(CLOCK_REALTIME);
}

void clock_offset_refresh(void)
{
    uint64_t before = clock_monotonic_ns();
    uint64_t unix_now = clock_unix_ns();
    uint64_t after = clock_monotonic_ns();
    clock_offset_ns = (int64_t)(unix_now - (before + (after - before) / 2));
}

void clock_offset_set(int64_t unix_minus_monotonic_ns)
{
    clock_offset_ns = unix_minus_monotonic_ns;
}

int64_t clock_offset(void)
{
    return clock_offset_ns;
}

uint64_t clock_to_unix(uint64_t monotonic_ns)
{
    return monotonic_ns ? monotonic_ns + (uint64_t)clock_offset_ns : 0;
}
