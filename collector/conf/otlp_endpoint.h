// Where one signal is pushed, and how: from what was said of a destination (otlp_target.h) and OTEL_EXPORTER_OTLP_*, by
// the rules of the OTLP exporter specification. The command line wins over a variable, that over the file. Called by
// otlp_destination.c.
#pragma once

#include "collector/conf/options.h"

#define OTLP_VARIABLE_NAME_MAX 64
#define OTLP_PLACE_MAX         256

struct otlp_endpoint_source {
    struct collector_options *options; // its text pool keeps what is built here
    char *const *environment;
    struct complaint *complaint;
    const struct otlp_target *target; // NULL: the variables alone say where
};

// OTEL_EXPORTER_OTLP_<SIGNAL>_<what>, or the general one, or NULL; ret_name has room for OTLP_VARIABLE_NAME_MAX bytes.
const char *otlp_endpoint_variable(const struct otlp_endpoint_source *source, enum self_signal signal, const char *what,
                                   char *ret_name);
// "redstart.yaml:12: " before a complaint about the file, nothing before others.
const char *otlp_endpoint_place(const struct otlp_target *target, char *scratch, size_t size);
// "http/protobuf" or "grpc", any case. False: neither.
bool otlp_endpoint_protocol(const char *text, enum otlp_protocol *ret_protocol);
// The signal as it stands in names of variables.
const char *otlp_endpoint_signal(enum self_signal signal);
// Fills *endpoint. Bad values of the command line and the file, and those that would send telemetry elsewhere than
// asked, are errors (-EINVAL); other bad variables are warned about and ignored.
int otlp_endpoint_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                       struct otlp_endpoint *endpoint) must_check;
