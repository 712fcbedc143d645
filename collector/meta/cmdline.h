// A process's arguments, as it shows them in /proc/PID/cmdline: foreign text, NUL-separated. Called by meta/naming.c.
#pragma once

#include <stdbool.h>
#include "common/lib/str.h"

// Cuts the next argument off *rest. False at the end.
bool cmdline_next(struct str *rest, struct str *ret_argument);
