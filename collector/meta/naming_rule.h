// What the operator calls services: the naming part of the rules of redstart.yaml. conf/ fills an array of these, the
// process table (process_table_rules) applies them. Trusted in intent; texts are checked by conf/.
//
// Fields of a rule are and-ed; an empty one matches every process; within a list one match is enough. Of several rules
// that match, a later one wins, for each thing that it gives (name, namespace, each attribute) alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/lib/str.h"

// A resource attribute, key and value NUL-terminated UTF-8.
struct naming_attribute {
    const char *key, *value;
};

struct naming_ports {
    uint16_t low, high; // both included; a single port twice
};

// Lists are NULL with count 0 where the rule has none. Globs are fnmatch(3)'s without flags.
struct naming_rule {
    const struct naming_ports *ports; // that it listens on
    const char *const *exe;     // globs: base name, or, with a '/' in it, the full path; a deleted file's is as it was
    const uint32_t *pids;       // the process itself, or a parent of it as far as that is observed
    const char *const *units;   // globs: "shop" is "shop.service"
    const char *const *cgroups; // globs of the cgroup's path or a parent of it: "/system.slice/*", "/docker/*"
    unsigned port_count, exe_count, pid_count, unit_count, cgroup_count;
    bool containers_only; // its cgroup is a container's

    const char *name;       // service.name; NULL: the rule does not say
    const char *namespace_; // service.namespace; NULL as well
    const struct naming_attribute *attributes;
    unsigned attribute_count;
};

// What of a process a rule looks at. Texts may be foreign.
struct naming_subject {
    struct str exe;          // path
    struct str unit, cgroup; // "" where unknown
    const uint32_t *lineage; // its pid, its parent's ... as far as known
    unsigned lineage_count;
    const uint16_t *ports; // it listens on
    unsigned port_count;
    bool container;
};

bool naming_rule_matches(const struct naming_rule *rule, const struct naming_subject *subject);
