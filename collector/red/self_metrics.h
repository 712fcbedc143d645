// All of redstart's own metrics, once, for every output that shows them: names, units, labels, values. Called by
// export/prometheus_self.c and export/otlp_self.c. A new metric of ours is added here and nowhere else. Everything is
// ours; no foreign text but an export's destination, which is configured.
#pragma once

#include "collector/red/red.h"
#include "collector/red/self.h"

enum self_metric_type { SELF_COUNTER, SELF_GAUGE, SELF_INFO };

// Both names of a metric; a reader of one output finds it in the other.
struct self_metric {
    enum self_metric_type type;
    const char *name, *unit;     // OpenTelemetry's: dots, UCUM
    const char *prometheus_name; // without the _total or _info of its samples
    const char *prometheus_unit; // "seconds", "bytes"; NULL: none
    uint64_t scale;              // values are so many to the unit: NS_PER_SEC for nanoseconds, else 1
    const char *help;            // one line, without quotes and backslashes
};

#define SELF_LABELS_MAX 3
struct self_label {
    const char *name, *value;
};

struct self_visitor {
    // A metric with at least one value; its values; its end.
    void (*begin)(void *context, const struct self_metric *metric);
    void (*value)(void *context, const struct self_label *labels, unsigned n, uint64_t value);
    void (*end)(void *context);
    bool dots; // names in labels as OpenTelemetry has them, not Prometheus
};

void self_metrics_walk(const struct self *self, const struct red *red, const struct self_visitor *visitor,
                       void *context);
