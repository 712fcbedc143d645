// A BPF ring buffer read by mmap alone (kernel/bpf/ringbuf.c): bpf() is refused to the collector. The producer's pages
// are read-only, the consumer's one is ours to write. What lies in the data area is untrusted.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/abi/record.h"
#include "common/lib/cleanup.h"

struct ring {
    int fd;                   // -1: closed
    uint64_t *consumer;       // our position, shared
    const uint64_t *producer; // the kernel's position
    const uint8_t *data;      // NULL: not mapped
    size_t size;              // bytes of the data area, a power of two
    uint64_t end;             // the kernel's position when it was looked at
    uint64_t position;        // what we have read, not yet published
    unsigned unpublished;     // records since
    // A record that wraps at the data's end, put together. The kernel offers the data a second time behind itself for
    // that, but all those pages would count as our memory.
    uint64_t wrapped[(RECORD_SIZE_MAX + 7) / 8];
};

#define RING_CLOSED                                                                                                    \
    {                                                                                                                  \
        .fd = -1                                                                                                       \
    }

// Takes the fd (also on failure). 0 or -errno.
int ring_open(struct ring *ring, int fd, size_t size) must_check;
// The same for one that is seldom used: its data, which count as our memory, are not mapped yet.
int ring_open_bare(struct ring *ring, int fd, size_t size) must_check;
// Maps the data, if they are not; 0 or -errno. Unmaps them.
int ring_data_map(struct ring *ring) must_check;
void ring_data_unmap(struct ring *ring);
void ring_close(struct ring *ring);
// What was written until now is what ring_peek finds until the next look. Returns the bytes of it that were not read.
// The line of memory that this reads is the one that the kernel writes with each record.
uint64_t ring_look(struct ring *ring);
// The next committed record and its size, good until the next call; NULL if there is none (yet). A discarded one is
// passed over. *ret_corrupt counts resets: an impossible length makes the rest of what is there unreadable.
const void *ring_peek(struct ring *ring, uint32_t *ret_size, uint64_t *ret_corrupt);
// Done with the record that ring_peek returned; its bytes may be overwritten once published.
void ring_next(struct ring *ring, uint32_t size);
// Tells the kernel how far we are. Call after a batch.
void ring_publish(struct ring *ring);
// Did its pages go away (mapping.h)? Then it is of no use any more.
bool ring_lost(const struct ring *ring);
