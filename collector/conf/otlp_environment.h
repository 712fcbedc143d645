// Pushing as OpenTelemetry's variables describe it (specification, protocol/exporter.md and
// sdk-environment-variables.md).
#pragma once

#include "collector/conf/options.h"

// endpoint: of --otlp, or NULL; protocol: of --otlp-protocol, or NULL. Fills options->push, ->otlp and ->sampler, and
// ->service_name if it is still NULL and OTEL_RESOURCE_ATTRIBUTES names one. 0, or -EINVAL with complaint->error.
int otlp_environment_read(struct collector_options *options, const char *endpoint, const char *protocol,
                          char *const *environment, struct complaint *complaint) must_check;
