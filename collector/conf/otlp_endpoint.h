// Where one signal is pushed, and how: the endpoint of --otlp or of OTEL_EXPORTER_OTLP_*ENDPOINT with all that goes
// with it (protocol, headers, TLS files ...), by the rules of the OTLP exporter specification. Called by
// otlp_environment.c.
#pragma once

#include "collector/conf/options.h"

#define OTLP_VARIABLE_NAME_MAX 64

struct otlp_endpoint_source {
    struct collector_options *options; // its text pool keeps what is built here
    char *const *environment;
    struct complaint *complaint;
    const char *option, *option_protocol; // of the command line, which beats every variable; NULL: not given
};

// Fills *endpoint; its url stays NULL if neither option nor variables ask for this signal. Bad values that would send
// telemetry elsewhere than asked are errors (-EINVAL), others are warned about and ignored.
int otlp_endpoint_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                       struct otlp_endpoint *endpoint) must_check;
