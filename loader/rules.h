// Root's rules: which processes are observed. Fields of a rule are and-ed, rules or-ed, excludes win. Parsed from
// root's options (loader/options.h), applied to what the kernel says of a process: strangers' names are matched,
// never parsed. A port is not matched here but by the kernel side: a rule with ports gives the process a bit
// (common/abi/policy.h).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "common/abi/event.h"
#include "common/abi/policy.h"

#define RULES_MAX       64
#define RULES_PLAIN     (2 * RULE_FIELD_MAX)
#define RULES_ITEMS_MAX 512
#define RULES_TEXT_MAX  16384

enum rule_field { RULE_PORT, RULE_EXE, RULE_PID, RULE_UNIT, RULE_CGROUP, RULE_CONTAINERS_ONLY, RULE_FIELD_MAX };

struct rule {
    uint8_t fields;                // 1 << enum rule_field: all of them must match
    uint8_t port_bit, lineage_bit; // of a process: it matches; it descends from one of the rule's pids
    bool exclude;
};

// One whole set, all zero to begin with. The first rules are the plain options', one for each field and side.
struct rules {
    struct rule rule[RULES_MAX];
    struct rule_item {
        uint8_t rule, field;
        uint16_t text; // where the glob is
        uint32_t pid;
    } item[RULES_ITEMS_MAX];
    unsigned count, item_count, text_size, bits; // count: of rules behind the plain ones
    uint64_t lineages;                           // tells sets of pids apart
    char text[RULES_TEXT_MAX];
    struct policy policy; // for the kernel side
};

struct rules_verdict {
    bool selected, excluded;
    uint8_t bits;
};

// `name` of an option: a field's, whose value is a comma list of what is selected each by itself; "rule", whose value
// is fields of one rule, "exe=GLOB[,...] port=LIST containers_only"; either with "exclude-" in front. NULL, or what
// was expected; `name` itself if it is none of them.
const char *rules_add(struct rules *rules, const char *name, const char *value);
// Once all are added: completes the policy.
void rules_finish(struct rules *rules);
// event: its cgroup is a path. lineage: bits that the process or its parent has. contained: its namespaces are not
// the host's.
struct rules_verdict rules_judge(const struct rules *rules, const struct process_event *event, const char *exe,
                                 uint8_t lineage, bool contained);
