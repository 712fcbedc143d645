// What a child does in the sandbox.
#pragma once

#include "resolver/master.h"

// A master_examine_fn: examines the file at SANDBOX_FILE_FD.
void child_examine(uint64_t size, struct resolver_answer *ret_answer);
