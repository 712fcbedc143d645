// One executable file, whole: what is said of it. Pure; the only code of the resolver that looks at what the file
// contains.
#pragma once

#include "resolver/source.h"
#include "common/ipc/executable.h"

#define EXAMINE_BYTES_MAX (32 * 1024 * 1024) // read in all, whatever the file's size: tens of milliseconds

// False if it is no ELF executable. The source's budget is set here.
bool examine_file(struct source *source, struct executable *ret_executable) must_check;
