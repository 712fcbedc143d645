// What an accepting answer says of parts that were refused (OTLP 1.11, "Partial Success"). Called by otlp.c. The body
// is whatever the endpoint sent: anything that is not the expected message means that nothing was refused.
#pragma once

#include <stdint.h>
#include "common/lib/str.h"

#define OTLP_PARTIAL_MESSAGE_MAX 200

struct otlp_partial {
    uint64_t rejected; // points or spans
    char message[OTLP_PARTIAL_MESSAGE_MAX];
};

struct otlp_partial otlp_partial_metrics(struct str body);
struct otlp_partial otlp_partial_traces(struct str body);
