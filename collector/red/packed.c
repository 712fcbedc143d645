// See packed.h. A value that falls into a bucket that is there, and does not make its counter wider, is counted in
// place; any other takes the way through the whole form.
#include "collector/red/packed.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_STEP 32 // bytes; a histogram that widens by single buckets is moved only now and then

struct packed {
    uint64_t zero_count;
    int32_t offset;
    uint16_t used;
    int8_t scale;
    uint8_t width; // of a counter: 1, 2, 4 or 8 bytes
    unsigned char counts[];
};

static uint64_t count_get(const struct packed *packed, unsigned bucket)
{
    uint64_t count = 0; // little-endian, as every architecture that we build for
    memcpy(&count, packed->counts + bucket * packed->width, packed->width);
    return count;
}

static void count_set(struct packed *packed, unsigned bucket, uint64_t count)
{
    memcpy(packed->counts + bucket * packed->width, &count, packed->width);
}

static uint8_t width_of(uint64_t largest)
{
    return largest <= UINT8_MAX ? 1 : largest <= UINT16_MAX ? 2 : largest <= UINT32_MAX ? 4 : 8;
}

static size_t block_size(unsigned used, unsigned width)
{
    return sizeof(struct packed) + (used * width + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
}

bool packed_store(struct packed **packed, const struct exponential *exponential)
{
    uint64_t largest = 0;
    for (unsigned i = 0; i < exponential->used; i++)
        largest = exponential->bucket[i] > largest ? exponential->bucket[i] : largest;
    uint8_t width = width_of(largest);
    size_t size = block_size(exponential->used, width);
    struct packed *block = *packed;
    if (!block || block_size(block->used, block->width) != size) {
        block = realloc(*packed, size);
        if (!block) {
            free(*packed);
            *packed = NULL;
            return false;
        }
    }
    *block =
        (struct packed){exponential->zero_count, exponential->offset, exponential->used, exponential->scale, width};
    for (unsigned i = 0; i < exponential->used; i++)
        count_set(block, i, exponential->bucket[i]);
    *packed = block;
    return true;
}

void packed_load(const struct packed *packed, struct exponential *ret_exponential)
{
    ret_exponential->zero_count = packed->zero_count;
    ret_exponential->offset = packed->offset;
    ret_exponential->used = packed->used;
    ret_exponential->scale = packed->scale;
    memset(ret_exponential->bucket, 0, sizeof ret_exponential->bucket);
    for (unsigned i = 0; i < packed->used; i++)
        ret_exponential->bucket[i] = count_get(packed, i);
}

static bool counted_in_place(struct packed *packed, double value)
{
    if (!(value > 0)) {
        packed->zero_count++;
        return true;
    }
    int64_t bucket = (int64_t)exponential_index(value, packed->scale) - packed->offset;
    if (bucket < 0 || bucket >= packed->used)
        return false;
    uint64_t count = count_get(packed, (unsigned)bucket) + 1;
    if (width_of(count) > packed->width)
        return false;
    count_set(packed, (unsigned)bucket, count);
    return true;
}

bool packed_add(struct packed **packed, double value)
{
    struct exponential whole;
    if (*packed && counted_in_place(*packed, value))
        return true;
    if (*packed)
        packed_load(*packed, &whole);
    else
        exponential_init(&whole);
    exponential_add(&whole, value);
    return packed_store(packed, &whole);
}

void packed_reset(struct packed *packed)
{
    // Later stores compare sizes: the width stays, and used is what says that nothing is there.
    packed->zero_count = 0;
    packed->used = 0;
    packed->scale = EXPONENTIAL_SCALE_MAX;
}
