// A bump allocator over one block; see arena.h. Used where a message of many small parts is built and thrown away.
#include "collector/core/arena.h"

#include <errno.h>
#include <stddef.h>

int arena_init(struct arena *arena, size_t size)
{
    char *block = malloc(size);
    if (!block)
        return -ENOMEM;
    *arena = (struct arena){.p = block, .size = size};
    return 0;
}

void arena_release(struct arena *arena)
{
    free(arena->p);
    *arena = (struct arena){0};
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
}

// The block comes from malloc and is aligned for any type; offsets are kept so.
static size_t offset_align(size_t offset)
{
    const size_t alignment = _Alignof(max_align_t);
    return (offset + alignment - 1) & ~(alignment - 1);
}

void *arena_take(struct arena *arena, size_t size)
{
    size_t start = offset_align(arena->used);
    if (start > arena->size || size > arena->size - start)
        return NULL;
    arena->used = start + size;
    return memset(arena->p + start, 0, size);
}

struct str arena_copy(struct arena *arena, struct str s)
{
    if (s.n == 0 || s.n > arena->size - arena->used) // text needs no alignment
        return (struct str){NULL, 0};
    char *copy = memcpy(arena->p + arena->used, s.p, s.n);
    arena->used += s.n;
    return (struct str){copy, s.n};
}
