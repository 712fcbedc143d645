// Bounded reading; see source.h. Called by the parsers of this folder.
#include "resolver/source.h"

#include <string.h>

#define NEEDLE_MAX 64
#define BLOCK      (64 * 1024)

struct range source_range(const struct source *source, uint64_t offset, uint64_t size)
{
    if (offset > source->size || size > source->size - offset)
        return (struct range){0, 0};
    return (struct range){offset, size};
}

bool source_read(struct source *source, uint64_t offset, void *to, size_t size)
{
    size_t done = 0;

    if (offset > source->size || size > source->size - offset || size > source->budget)
        return false;
    source->budget -= size;
    while (done < size) {
        long n = source->read(source->context, (char *)to + done, size - done, offset + done);
        if (n <= 0)
            return false; // the file became shorter
        done += (size_t)n;
    }
    return true;
}

size_t source_read_some(struct source *source, struct range range, void *to, size_t size)
{
    size_t n = range.size < size ? (size_t)range.size : size;
    return source_read(source, range.offset, to, n) ? n : 0;
}

int source_search(struct source *source, struct range range, uint64_t limit, const struct str *needles, unsigned count)
{
    static char block[NEEDLE_MAX + BLOCK];
    size_t kept = 0; // end of the block before, where a needle may begin

    if (range.size > limit)
        range.size = limit;
    while (range.size) {
        size_t n = source_read_some(source, range, block + kept, BLOCK);
        if (!n)
            return -1;
        for (unsigned i = 0; i < count; i++)
            if (memmem(block, kept + n, needles[i].p, needles[i].n))
                return (int)i;
        range.offset += n;
        range.size -= n;
        size_t have = kept + n;
        kept = have < NEEDLE_MAX ? have : NEEDLE_MAX;
        memmove(block, block + have - kept, kept);
    }
    return -1;
}
