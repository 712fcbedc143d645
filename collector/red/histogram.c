// Histograms with explicit bounds; see histogram.h, where adding to one is inlined.
#include "collector/red/histogram.h"

#include <math.h>

#define MS UINT64_C(1000000)

struct histogram_bounds histogram_bounds_duration = {
    .count = 14,
    .value = {5 * MS, 10 * MS, 25 * MS, 50 * MS, 75 * MS, 100 * MS, 250 * MS, 500 * MS, 750 * MS, 1000 * MS, 2500 * MS,
              5000 * MS, 7500 * MS, 10000 * MS},
    .scale = 1e-9,
};

struct histogram_bounds histogram_bounds_size = {
    .count = 14,
    .value = {0, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 32768, 131072, 524288, 1048576},
    .scale = 1,
};

void histogram_bounds_set(const struct histogram_bounds *duration, const struct histogram_bounds *size)
{
    histogram_bounds_duration = *duration;
    histogram_bounds_size = *size;
}

double histogram_exported(const struct histogram_bounds *bounds, uint64_t value)
{
    return (double)value / round(1 / bounds->scale);
}
