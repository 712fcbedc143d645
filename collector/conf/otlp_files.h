// The PEM files of all destinations, looked at before anything is sent. Called by the collector's main.c and by
// `redstart check`.
#pragma once

#include "collector/conf/options.h"

// A file that cannot be used is an error if the configuration file names it (-EINVAL), a warning if a variable does:
// then nothing is sent to that destination until the file can be read. reader: we are the user who will read them; for
// another it says nothing that this one may not.
int otlp_files_check(const struct otlp_settings *settings, bool reader, struct complaint *complaint) must_check;
