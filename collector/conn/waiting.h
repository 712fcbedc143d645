// Connections about which something must be remembered: an exchange whose response goes on, or requests that wait for
// their responses. One entry per connection, at most as many as the table was made for. Called by pairing.c.
#pragma once

#include "collector/conn/pipeline.h"
#include "collector/conn/unfinished.h"

struct waiting_entry {
    uint64_t connection;
    uint64_t deadline_ns;
    uint32_t sequence; // of the exchange last seen
    uint32_t next;     // in its bucket, or of the free list
    bool used;
    uint64_t merged_bytes;         // of the response, from records that turned out to be its body
    uint64_t response_bytes;       // of the exchange last finished
    struct unfinished *unfinished; // NULL: the exchange last seen is finished
    struct pipeline *pipeline;     // NULL: no requests wait
};

struct waiting {
    struct waiting_entry *entries;
    uint32_t *buckets;                            // entry + 1; 0: empty
    uint32_t bucket_mask, max, high, free, count; // high: entries used since all were free; free: entry + 1
    uint32_t peak;                                // of count, since memory was given back
};

// 0 or -ENOMEM. Memory is touched only as far as it is used.
int waiting_init(struct waiting *waiting, unsigned max) must_check;
void waiting_release(struct waiting *waiting);
// NULL if there is none.
struct waiting_entry *waiting_find(const struct waiting *waiting, uint64_t connection);
// An empty entry; the connection must have none. NULL when full.
struct waiting_entry *waiting_add(struct waiting *waiting, uint64_t connection);
// Frees what is in it, too.
void waiting_drop(struct waiting *waiting, struct waiting_entry *entry);
// Gives back the memory of a burst that is over. Call it now and then.
void waiting_trim(struct waiting *waiting);
