// Explicit-bucket histograms over integers (nanoseconds, bytes). Bounds are upper-inclusive (OTLP data model); the last
// bucket has no bound. A histogram knows its bounds by a pointer to one of the tables below.
#pragma once

#include <stdint.h>

#define HISTOGRAM_BUCKETS_MAX 24

struct histogram_bounds {
    unsigned count;                            // bounds; buckets are one more
    uint64_t value[HISTOGRAM_BUCKETS_MAX - 1]; // strictly increasing
    double scale;                              // exported value = integer * scale (1e-9 for seconds, 1 for bytes)
};

// 5 ms ... 10 s: the semantic conventions' bounds for http.server.request.duration. Others take their place at the
// start, before anything is counted: histogram_bounds_set.
extern struct histogram_bounds histogram_bounds_duration;
// 0, 32, 64 ... 8192, 32768, 131072, 524288, 1048576 bytes.
extern struct histogram_bounds histogram_bounds_size;
void histogram_bounds_set(const struct histogram_bounds *duration, const struct histogram_bounds *size);

struct histogram {
    uint64_t count, sum, min, max; // min and max mean nothing while count is 0
    uint64_t bucket[HISTOGRAM_BUCKETS_MAX];
};

// The bucket that a value falls into: 0 ... bounds->count.
static inline unsigned histogram_bucket(const struct histogram_bounds *bounds, uint64_t value)
{
    // Most requests are short: a walk from below ends sooner than a bisection.
    unsigned bucket = 0;
    while (bucket < bounds->count && value > bounds->value[bucket])
        bucket++;
    return bucket;
}
// A value or sum in the exported unit, exactly as a decimal reads: 5,000,000 ns is the double nearest to 0.005 (a
// product with 1e-9 is not always the nearest one).
double histogram_exported(const struct histogram_bounds *bounds, uint64_t value);

static inline void histogram_add(struct histogram *histogram, const struct histogram_bounds *bounds, uint64_t value)
{
    histogram->bucket[histogram_bucket(bounds, value)]++;
    if (histogram->count == 0 || value < histogram->min)
        histogram->min = value;
    if (value > histogram->max)
        histogram->max = value;
    histogram->count++;
    histogram->sum += value;
}
