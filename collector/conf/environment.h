// Environment variables by OpenTelemetry's rules: an empty one counts as unset, a bad one is warned about and ignored.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/conf/complaint.h"

// The value, NULL if unset or empty. environment: as main() gets it, ending in NULL.
const char *environment_get(char *const *environment, const char *name);
// The first of BEYLA_<name>, OTEL_EBPF_<name> and, if bare, <name> that is set; ret_name (may be NULL) says which.
const char *environment_get_beyla(char *const *environment, const char *name, bool bare, const char **ret_name);

// Set and good: *value is changed and true returned. Set and bad: a warning. Numbers lie in min ... max.
bool environment_number(char *const *environment, const char *name, uint64_t min, uint64_t max,
                        struct complaint *complaint, uint64_t *value);
bool environment_boolean(char *const *environment, const char *name, struct complaint *complaint, bool *value);
