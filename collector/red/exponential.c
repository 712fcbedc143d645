// Base-2 exponential histograms; see exponential.h.
#include "collector/red/exponential.h"

#include <math.h>
#include <string.h>

void exponential_init(struct exponential *exponential)
{
    *exponential = (struct exponential){.scale = EXPONENTIAL_SCALE_MAX};
}

int32_t exponential_index(double value, int scale)
{
    int exponent;
    double mantissa = 2 * frexp(value, &exponent); // 1 <= mantissa < 2
    exponent--;
    if (scale <= 0)
        return (mantissa == 1 ? exponent - 1 : exponent) >> -scale;
    int32_t per_doubling = INT32_C(1) << scale;
    if (mantissa == 1) // a power of two is the upper end of its bucket
        return exponent * per_doubling - 1;
    // No other double is exactly on a boundary; a logarithm rounded up to 1 must not leave the doubling.
    int32_t within = (int32_t)(log2(mantissa) * per_doubling);
    return exponent * per_doubling + (within < per_doubling ? within : per_doubling - 1);
}

void exponential_downscale(struct exponential *exponential, unsigned by)
{
    uint64_t *bucket = exponential->bucket;
    int32_t offset = exponential->offset >> by; // arithmetic: towards minus infinity
    unsigned used = 0;
    for (unsigned i = 0; i < exponential->used; i++) {
        unsigned to = (unsigned)(((exponential->offset + (int32_t)i) >> by) - offset);
        uint64_t count = bucket[i];
        bucket[i] = 0;
        bucket[to] += count; // to <= i
        used = to + 1;
    }
    exponential->offset = offset;
    exponential->used = (uint16_t)used;
    exponential->scale = (int8_t)(exponential->scale - (int)by);
}

// Makes room for an index below or above; the caller has seen to it that all fit.
static void exponential_widen(struct exponential *exponential, int32_t low, int32_t high)
{
    unsigned before = (unsigned)(exponential->offset - low);
    if (before) {
        memmove(exponential->bucket + before, exponential->bucket, exponential->used * sizeof(exponential->bucket[0]));
        memset(exponential->bucket, 0, before * sizeof(exponential->bucket[0]));
    }
    exponential->offset = low;
    exponential->used = (uint16_t)(high - low + 1);
}

void exponential_add(struct exponential *exponential, double value)
{
    if (!(value > 0)) {
        exponential->zero_count++;
        return;
    }
    int32_t index = exponential_index(value, exponential->scale), low = index, high = index;
    if (exponential->used) {
        int32_t last = exponential->offset + exponential->used - 1;
        low = index < exponential->offset ? index : exponential->offset;
        high = index > last ? index : last;
    } else {
        exponential->offset = index;
    }
    unsigned by = 0;
    for (; high - low >= EXPONENTIAL_BUCKETS_MAX; by++) {
        high >>= 1;
        low >>= 1;
    }
    if (by)
        exponential_downscale(exponential, by);
    exponential_widen(exponential, low, high);
    exponential->bucket[(index >> by) - low]++;
}
