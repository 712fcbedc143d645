// redstart.yaml: from the file to options. One file per section that is more than single values: config_otlp.c,
// config_routes.c, config_attributes.c, config_rules.c. Called by options.c, after the defaults and before the
// variables.
#pragma once

#include "collector/conf/options.h"

// fd: the file open at any place, which stays open and is read from its beginning; -1: it is opened here. 0, or -EINVAL
// with complaint->error: all that is wrong with it, a line each.
int config_read(struct collector_options *options, const char *path, int fd, struct complaint *complaint) must_check;
// The same from its bytes.
int config_parse(struct collector_options *options, const char *path, struct str bytes,
                 struct complaint *complaint) must_check;

// Sections of a document that schema_check passed; what cannot be combined is an error with its place. 0 or -EINVAL.
int config_otlp(struct collector_options *options, const struct yaml *yaml) must_check;
int config_routes(struct collector_options *options, const struct yaml *yaml) must_check;
int config_attributes(struct collector_options *options, const struct yaml *yaml) must_check;
int config_rules(struct collector_options *options, const struct yaml *yaml) must_check;
