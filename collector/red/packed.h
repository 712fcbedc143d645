// An exponential histogram at rest: one block with as many buckets as are used, each counter as wide as the largest one
// needs. Most series have few requests or few distinct values and take a tenth of the whole form, which is what they
// are computed in (exponential.h). Called by series.c for each request and by exporters.
#pragma once

#include <stdbool.h>
#include "collector/red/exponential.h"

struct packed;

// NULL: begins an empty one. False: out of memory; the histogram is gone, *packed is NULL.
bool packed_add(struct packed **packed, double value);
// Replaces what is there. False as above.
bool packed_store(struct packed **packed, const struct exponential *exponential);
void packed_load(const struct packed *packed, struct exponential *ret_exponential);
// Empty again, in the same block.
void packed_reset(struct packed *packed);
