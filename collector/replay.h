// --replay: a recording instead of a loader.
#pragma once

#include "collector/conf/options.h"

// Feeds options->replay (a path, "-" for standard input) through all stages and prints what options ask for. 0 or
// -errno; what is wrong was logged.
int replay_run(const struct collector_options *options) must_check;
