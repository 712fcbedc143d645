// Pushing as OpenTelemetry's variables describe it (specification, protocol/exporter.md and
// sdk-environment-variables.md).
#pragma once

#include "collector/conf/options.h"

// What holds if nobody says anything: of options->push and ->sampler. A configuration file is read on top of it.
void otlp_environment_defaults(struct collector_options *options);
// Reads the variables over what the file said, and makes destinations of options->target and the endpoint variables.
// Fills options->push, ->otlp and ->sampler, and ->service_name if it is still NULL and OTEL_RESOURCE_ATTRIBUTES names
// one. 0, or -EINVAL with complaint->error.
int otlp_environment_read(struct collector_options *options, char *const *environment,
                          struct complaint *complaint) must_check;
