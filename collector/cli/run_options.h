// `redstart run`: its options, checked, and the command lines of the two programs that it starts.
#pragma once

#include <stdbool.h>
#include "collector/cli/selectors.h"
#include "collector/conf/complaint.h"
#include "collector/conf/options.h"

#define RUN_COLLECTOR_ARGUMENTS_MAX 64
#define RUN_LOADER_ARGUMENTS_MAX    (SELECTORS_MAX + 32)

struct run_options {
    bool help;
    const char *user;    // NULL: by default
    const char *config;  // the file; NULL: none
    const char *variant; // for the loader; NULL: it chooses
    enum log_level log_level;
    enum log_format log_format;
    struct selectors selectors;
    struct collector_options collector; // as the collector will read them, if no file is to be read for that
    char *collector_arguments[RUN_COLLECTOR_ARGUMENTS_MAX + 1]; // without argv[0] and --loader
    unsigned collector_count;
    struct text_pool texts;
};

extern const char run_help[];

// argv[0] is "run". With a file, what the collector will read is left to who may read that (plan.h). 0, or -EINVAL with
// complaint->error.
int run_options_parse(struct run_options *options, int argc, char **argv, char *const *environment,
                      struct complaint *complaint) must_check;
