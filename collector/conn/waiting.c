// A chained hash table over a fixed array; see waiting.h.
#include "collector/conn/waiting.h"

#include <errno.h>

static uint32_t *bucket_of(const struct waiting *waiting, uint64_t connection)
{
    return &waiting->buckets[(connection * UINT64_C(0x9e3779b97f4a7c15) >> 32) & waiting->bucket_mask];
}

int waiting_init(struct waiting *waiting, unsigned max)
{
    uint32_t buckets = 16;
    while (buckets < max && buckets < UINT32_C(1) << 24)
        buckets *= 2;
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
    entry->connection = connection;
    entry->sequence = 0;
    entry->next = *bucket;
    entry->used = true;
    entry->open = false;
    entry->merged_bytes = entry->response_bytes = entry->deadline_ns = 0;
    entry->pipeline.count = 0;
    *bucket = at;
    waiting->count++;
    return entry;
}

void waiting_drop(struct waiting *waiting, struct waiting_entry *entry)
{
    uint32_t at = (uint32_t)(entry - waiting->entries) + 1;
    uint32_t *link = bucket_of(waiting, entry->connection);
    while (*link != at)
        link = &waiting->entries[*link - 1].next;
    *link = entry->next;
    entry->used = false;
    entry->next = waiting->free;
    waiting->free = at;
    waiting->count--;
}
