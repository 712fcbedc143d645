// loader.conf from the rules of redstart.yaml: what the loader, which never parses YAML, is told to observe. Lines as
// in loader/README.md. Called without privilege: by `redstart check --loader-conf` and for `redstart run` (cli/plan.c).
#pragma once

#include <stdbool.h>
#include "collector/conf/yaml.h"

// What the loader takes (loader/rules.h), less what `redstart run` adds: one process that is excluded. Marks of
// processes: each rule of several fields takes one for its ports and one for its pid; the plain ports of all rules are
// one, and so are those of excludes, and pids alike.
#define LOADER_CONF_MAX          65536 // bytes
#define LOADER_CONF_COMBINED_MAX 52    // rules of several fields
#define LOADER_CONF_MARKS_MAX    7
#define LOADER_CONF_ITEMS_MAX    511   // globs and pids
#define LOADER_CONF_TEXTS_MAX    16000 // bytes of those, each with 9 more
#define LOADER_CONF_FIELD_MAX    1000  // bytes of a list in a rule of several fields

struct loader_conf {
    size_t size;
    unsigned combined, marks, items;
    size_t texts;
    bool plain_marked[2][2]; // ports, pid; of rules, of excludes
    char text[LOADER_CONF_MAX + 1];
};

// rules, excludes: which of the two to take. 0, or -EINVAL with an error in the document's complaint: it is
// more than the loader takes.
int loader_conf_write(const struct yaml *yaml, bool rules, bool excludes, struct loader_conf *ret_conf) must_check;
