// The PEM files of all destinations, looked at before anything is sent. Called by the collector's main.c, as the user
// that will read them.
#pragma once

#include "collector/conf/options.h"

// A file that cannot be used is an error if the configuration file names it (-EINVAL), a warning if a variable does:
// then nothing is sent to that destination until the file can be read.
int otlp_files_check(const struct otlp_settings *settings, struct complaint *complaint) must_check;
