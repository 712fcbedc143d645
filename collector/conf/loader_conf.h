// loader.conf from the rules of redstart.yaml: what the loader, which never parses YAML, is told to observe. Lines as
// in loader/README.md. Called without privilege: by `redstart check --loader-conf` and for `redstart run` (cli/plan.c).
#pragma once

#include <stdbool.h>
#include "collector/conf/yaml.h"

#define LOADER_CONF_MAX 65536 // bytes, as the loader has it

struct loader_conf {
    size_t size;
    char text[LOADER_CONF_MAX + 1];
};

// rules, excludes: which of the two to take. 0, or -EINVAL with an error in the document's complaint: it is too long.
int loader_conf_write(const struct yaml *yaml, bool rules, bool excludes, struct loader_conf *ret_conf) must_check;
