// Connections about which something must be remembered: an exchange whose response goes on, or requests that wait for
// their responses. One entry per connection, at most as many as the table was made for. Called by pairing.c.
#pragma once

#include "collector/conn/pipeline.h"

struct waiting_entry {
    uint64_t connection;
    uint64_t deadline_ns;
    uint32_t sequence; // of the exchange last seen
    uint32_t next;     // in its bucket, or of the free list
    bool used;
    bool open;               // `exchange` is not finished
    uint64_t merged_bytes;   // of the response, from records that turned out to be its body
    uint64_t response_bytes; // of the exchange last finished
    struct pipeline pipeline;
    struct exchange exchange; // parsed from `room`
    union record_room room;
};

struct waiting {
    struct waiting_entry *entries;
    uint32_t *buckets;                            // entry + 1; 0: empty
    uint32_t bucket_mask, max, high, free, count; // high: entries ever used; free: entry + 1
};

// 0 or -ENOMEM. Memory is touched only as far as it is used.
int waiting_init(struct waiting *waiting, unsigned max) must_check;
void waiting_release(struct waiting *waiting);
// NULL if there is none.
struct waiting_entry *waiting_find(const struct waiting *waiting, uint64_t connection);
// An empty entry; the connection must have none. NULL when full.
struct waiting_entry *waiting_add(struct waiting *waiting, uint64_t connection);
void waiting_drop(struct waiting *waiting, struct waiting_entry *entry);
