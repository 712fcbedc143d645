// Which processes: the selectors of `redstart run`, checked here and handed to the loader as its own options.
#pragma once

#include <stdbool.h>
#include "collector/conf/complaint.h"
#include "collector/conf/text_pool.h"
#include "common/lib/str.h"

#define SELECTORS_MAX 512

enum selector_kind { SELECTOR_PORT, SELECTOR_EXE, SELECTOR_PID, SELECTOR_UNIT, SELECTOR_CGROUP, SELECTOR_KIND_MAX };

struct selectors {
    char *argument[SELECTORS_MAX + 1]; // "--port", "8080", "--exclude-exe", "x*" ...; ends in NULL
    unsigned count;
    unsigned kinds[2][SELECTOR_KIND_MAX]; // how many of each, [1]: excluded
    struct text_pool texts;
};

// list: comma-separated; option: as to be named in the message ("--port", "BEYLA_OPEN_PORT"). 0, or -EINVAL with an
// error.
int selectors_add(struct selectors *selectors, enum selector_kind kind, bool exclude, const char *option,
                  const char *list, struct complaint *complaint) must_check;
// Beyla's executable name is a regular expression that is searched for; what a glob can say of that language is
// translated: literals, \\x, ".", ".*", ".+", "^" in front, "$" at the end. text: one alternative, without '|'. 0 or
// -EINVAL.
int selectors_glob(struct str text, char *ret_glob, size_t size) must_check;
// BEYLA_OPEN_PORT and BEYLA_EXECUTABLE_NAME in all their spellings, each only if the command line has no such selector;
// if both are there, a process must match both.
int selectors_environment(struct selectors *selectors, char *const *environment,
                          struct complaint *complaint) must_check;
