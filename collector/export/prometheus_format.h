// What the two halves of the page share: prometheus_text.c (the services' metrics) and prometheus_self.c (redstart's
// own).
#pragma once

#include "collector/export/prometheus.h"

// HELP and TYPE lines. type: "counter", "gauge", "histogram"; help: one line of ours.
void prometheus_format_family(struct buffer *page, const char *name, const char *type, const char *help);
// redstart's own metrics.
void prometheus_format_self(struct buffer *page, const struct exposition *exposition);
