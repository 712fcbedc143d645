// Which attributes metrics and traces have: rules as the file's `attributes.select` gives them, and what they say of
// one attribute. Asked by red/red.c and span/attributes.c when they start, not for each request.
#pragma once

#include <stdbool.h>
#include "collector/conf/complaint.h"
#include "common/lib/cleanup.h"

#define ATTRIBUTE_RULES_MAX 256
#define ATTRIBUTE_TRACES    "traces" // the target that stands for spans

// Names as OpenTelemetry has them or as on the page of metrics: http.route or http_route.
struct attribute_rule {
    const char *target;    // glob on metrics' names ("http.server.*"), or ATTRIBUTE_TRACES
    const char *attribute; // glob
    bool exclude;          // else include
};

struct attribute_selection {
    unsigned count;
    struct attribute_rule rule[ATTRIBUTE_RULES_MAX]; // texts are the owner's
};

// What both expositions call metrics.
enum metric_names { METRIC_NAMES_OTEL, METRIC_NAMES_BEYLA1, METRIC_NAMES_MAX };

// Keeps the pointers of *rule. 0, or -EINVAL with complaint->error, where `what` names the key.
int attribute_selection_add(struct attribute_selection *selection, const struct attribute_rule *rule, const char *what,
                            struct complaint *complaint) must_check;
// Has the target (a metric by both its names, or ATTRIBUTE_TRACES twice) this attribute? With includes for the target
// it has what they match, else what it has by default; less what excludes match.
bool attribute_selected(const struct attribute_selection *selection, const char *target, const char *other_name,
                        const char *attribute, bool by_default);
