// Which traces are pushed (OTEL_TRACES_SAMPLER), by OpenTelemetry's rules. Standard output and metrics see every
// request. Called by conn/ for each span before anyone sees it; exemplars point at what passes here.
#pragma once

#include "collector/span/span.h"

struct sampler {
    bool follow_parent; // a request whose caller decided goes by that
    double ratio;       // of the others; 0 none, 1 all; taken of the trace id's last 8 bytes
};

bool sampler_pass(const struct sampler *sampler, const struct span *span);
