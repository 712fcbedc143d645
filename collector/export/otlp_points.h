// Data points of histograms in protobuf: one series' point of one instrument. Called by otlp_metrics.c. Pure.
#pragma once

#include "collector/core/buffer.h"
#include "collector/red/red.h"

struct otlp_points {
    bool delta, exponential, exemplars;
    enum metric_names names;
    uint64_t now_unix_ns, previous_unix_ns; // exemplars: since the previous one
};

// The field of a Metric, and its Histogram's temporality, by these settings.
unsigned otlp_points_data_field(const struct otlp_points *points);
unsigned otlp_points_temporality(const struct otlp_points *points);
// Writes the point that the series has of this instrument now, as field 1. False: it has none.
bool otlp_points_write(struct buffer *body, const struct otlp_points *points, const struct red_series *series,
                       enum red_instrument instrument) must_check;
// The last point of a series that is forgotten: that it has no value any more.
bool otlp_points_write_gone(struct buffer *body, const struct otlp_points *points, const struct red_series *series,
                            enum red_instrument instrument) must_check;
