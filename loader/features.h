// What must be there before anything is loaded: kernel type information and privileges.
#pragma once

#include <stdbool.h>

// False after log lines that say what is missing and what would help.
bool features_suffice(void);
