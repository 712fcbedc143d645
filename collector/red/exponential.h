// Base-2 exponential histograms (OpenTelemetry metrics data model; Prometheus' native histograms are the same with the
// index shifted by one). Bucket i holds base^i < value <= base^(i+1), base = 2^(2^-scale). The scale starts fine and
// falls as far as the values need to fit. Called by series.c for each request and by exporters.
#pragma once

#include <stdint.h>

#define EXPONENTIAL_BUCKETS_MAX 160
#define EXPONENTIAL_SCALE_MAX   20

struct exponential {
    uint64_t zero_count; // values of 0
    int32_t offset;      // index of bucket[0]
    uint16_t used;       // buckets in use; 0: none, the offset means nothing
    int8_t scale;
    uint64_t bucket[EXPONENTIAL_BUCKETS_MAX];
};

void exponential_init(struct exponential *exponential);
// value: finite, >= 0, in the unit that is exported (seconds, bytes).
void exponential_add(struct exponential *exponential, double value);
// Makes the scale smaller by `by`; counts move without error. For a reader that knows no such fine scale.
void exponential_downscale(struct exponential *exponential, unsigned by);
// The bucket of a value > 0 at this scale.
int32_t exponential_index(double value, int scale);
