// The kernel stamps records with CLOCK_MONOTONIC; users see CLOCK_REALTIME. The offset between the two is taken
// once per tick of the loop, so a stepped wall clock moves later spans and never makes one end before it starts.
#pragma once

#include <stdint.h>

#define NS_PER_SEC UINT64_C(1000000000)
#define NS_PER_MS  UINT64_C(1000000)

uint64_t clock_monotonic_ns(void);
uint64_t clock_unix_ns(void);
// Reads both clocks and remembers the offset. Replay sets the offset itself (clock_offset_set) and never calls this.
void clock_offset_refresh(void);
void clock_offset_set(int64_t unix_minus_monotonic_ns);
int64_t clock_offset(void);
// Monotonic to Unix time by the remembered offset; 0 stays 0.
uint64_t clock_to_unix(uint64_t monotonic_ns);
