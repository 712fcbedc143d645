// A bump allocator with a hard maximum, reset as a whole. For building a message of many small parts.
#pragma once

#include <stddef.h>
#include "common/lib/cleanup.h"
#include "common/lib/str.h"

struct arena {
    char *p; // one block, taken at init
    size_t used, size;
};

// 0 or -ENOMEM.
int arena_init(struct arena *arena, size_t size) must_check;
void arena_release(struct arena *arena);
void arena_reset(struct arena *arena);
// Zeroed, aligned for any type; NULL when full.
void *arena_take(struct arena *arena, size_t size);
// A copy; an empty slice with p == NULL when full (or when s is empty).
struct str arena_copy(struct arena *arena, struct str s);
