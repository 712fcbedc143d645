// A chained hash table over a fixed array; see waiting.h.
#include "collector/conn/waiting.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "collector/core/hash.h"

#define TRIM_ENTRIES 1024 // a burst of fewer is not worth the work

static uint32_t *bucket_of(const struct waiting *waiting, uint64_t connection)
{
    return &waiting->buckets[(connection * UINT64_C(0x9e3779b97f4a7c15) >> 32) & waiting->bucket_mask];
}

int waiting_init(struct waiting *waiting, unsigned max)
{
    uint32_t buckets = hash_buckets(max);
    *waiting = (struct waiting){.bucket_mask = buckets - 1, .max = max};
    waiting->entries = calloc(max ? max : 1, sizeof *waiting->entries);
    waiting->buckets = calloc(buckets, sizeof *waiting->buckets);
    if (waiting->entries && waiting->buckets)
        return 0;
    waiting_release(waiting);
    return -ENOMEM;
}

void waiting_release(struct waiting *waiting)
{
    for (uint32_t i = 0; i < waiting->high; i++) {
        unfinished_free(waiting->entries[i].unfinished);
        pipeline_free(waiting->entries[i].pipeline);
    }
    free(waiting->entries);
    free(waiting->buckets);
    *waiting = (struct waiting){0};
}

struct waiting_entry *waiting_find(const struct waiting *waiting, uint64_t connection)
{
    if (waiting->count == 0)
        return NULL; // the steady state
    for (uint32_t at = *bucket_of(waiting, connection); at; at = waiting->entries[at - 1].next)
        if (waiting->entries[at - 1].connection == connection)
            return &waiting->entries[at - 1];
    return NULL;
}

struct waiting_entry *waiting_add(struct waiting *waiting, uint64_t connection)
{
    uint32_t at = waiting->free;
    if (at)
        waiting->free = waiting->entries[at - 1].next;
    else if (waiting->high < waiting->max)
        at = ++waiting->high;
    else
        return NULL;
    struct waiting_entry *entry = &waiting->entries[at - 1];
    uint32_t *bucket = bucket_of(waiting, connection);
    *entry = (struct waiting_entry){.connection = connection, .next = *bucket, .used = true};
    *bucket = at;
    if (++waiting->count > waiting->peak)
        waiting->peak = waiting->count;
    return entry;
}

void waiting_drop(struct waiting *waiting, struct waiting_entry *entry)
{
    uint32_t at = (uint32_t)(entry - waiting->entries) + 1;
    uint32_t *link = bucket_of(waiting, entry->connection);
    while (*link != at)
        link = &waiting->entries[*link - 1].next;
    uint32_t next = entry->next;
    unfinished_free(entry->unfinished);
    pipeline_free(entry->pipeline);
    *entry = (struct waiting_entry){.next = waiting->free};
    *link = next;
    waiting->free = at;
    if (--waiting->count == 0) // from the start again: what few need lies close together
        waiting->high = waiting->free = 0;
}

// Entries that are not in use at the end; they are zero when they are used again.
static void entries_forget(const struct waiting *waiting)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = ((uintptr_t)&waiting->entries[waiting->high] + page - 1) & ~(page - 1);
    uintptr_t end = (uintptr_t)&waiting->entries[waiting->max] & ~(page - 1);
    if (start < end)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

void waiting_trim(struct waiting *waiting)
{
    if (waiting->peak < TRIM_ENTRIES || waiting->count > waiting->peak / 4)
        return;
    waiting->peak = waiting->count;
    entries_forget(waiting);
    malloc_trim(0);
}
