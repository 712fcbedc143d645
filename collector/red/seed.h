// An exponential histogram that begins late: what was measured before is known by explicit buckets only. It gets those
// counts at the buckets' upper bounds, so that count and sum agree and every rate from then on is exact. Called by
// series.c when somebody asks for exponential histograms, and by the exporter that asked.
#pragma once

#include "collector/red/exponential.h"
#include "collector/red/histogram.h"

void seed_exponential(const struct histogram *histogram, const struct histogram_bounds *bounds,
                      struct exponential *ret_exponential);
