// The file under examination as bytes at offsets, and how many of them may be read at all. Nothing in it is trusted:
// every offset and size is checked against the file, and the work is bounded whatever the file says.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/lib/cleanup.h"
#include "common/lib/str.h"

struct source {
    // As pread: bytes read, less than asked for only at the end of the file; < 0: not readable.
    long (*read)(void *context, void *to, size_t size, uint64_t offset);
    void *context;
    uint64_t size;   // bytes in the file
    uint64_t budget; // bytes that may still be read
};

struct range {
    uint64_t offset, size; // size 0: there is none
};

// A range that lies in the file, else an empty one.
struct range source_range(const struct source *source, uint64_t offset, uint64_t size);
// All of it or nothing.
bool source_read(struct source *source, uint64_t offset, void *to, size_t size) must_check;
// As much of the range as fits, counted from its start. Returns the bytes read, 0 if none could be.
size_t source_read_some(struct source *source, struct range range, void *to, size_t size);
// Which of the needles (each of 1 to 64 bytes) is in the first `limit` bytes of the range; -1: none. Of several the one
// of the lowest index within the first block that has any.
int source_search(struct source *source, struct range range, uint64_t limit, const struct str *needles, unsigned count);
