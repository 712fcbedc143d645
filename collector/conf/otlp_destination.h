// Which destinations there are, and which signals each gets: from --otlp, the endpoint variables, OTEL_*_EXPORTER and
// the file. Called by otlp_environment.c.
#pragma once

#include "collector/conf/options.h"

// Fills options->push.destination, ->push.destinations and ->otlp. 0, or -EINVAL with complaint->error.
int otlp_destination_read(struct collector_options *options, char *const *environment,
                          struct complaint *complaint) must_check;
