// See seed.h.
#include "collector/red/seed.h"

#include <stdbool.h>

// Counts that are at least 1 at one value.
static void counts_add(struct exponential *exponential, double value, uint64_t count)
{
    exponential_add(exponential, value);
    if (value > 0)
        exponential->bucket[exponential_index(value, exponential->scale) - exponential->offset] += count - 1;
    else
        exponential->zero_count += count - 1;
}

void seed_exponential(const struct histogram *histogram, const struct histogram_bounds *bounds,
                      struct exponential *ret_exponential)
{
    exponential_init(ret_exponential);
    for (unsigned i = 0; i <= bounds->count; i++) {
        bool beyond = i == bounds->count || bounds->value[i] > histogram->max;
        uint64_t value = beyond ? histogram->max : bounds->value[i];
        if (histogram->bucket[i])
            counts_add(ret_exponential, histogram_exported(bounds, value), histogram->bucket[i]);
    }
}
