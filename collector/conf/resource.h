// Attributes of every resource: service.attributes of the file, and OTEL_RESOURCE_ATTRIBUTES over them.
#pragma once

#include "collector/conf/options.h"

// Adds or replaces; texts are kept, not copied. 0 or -ENOSPC.
int resource_set(struct collector_options *options, const char *key, const char *value) must_check;
// Reads the variable into options->push.resource, its service.name into ->service_name; one mistake discards all of the
// variable, with a warning, as the specification has it. 0, or -EINVAL with complaint->error.
int resource_variable(struct collector_options *options, char *const *environment,
                      struct complaint *complaint) must_check;
