// Which service a process is: its name by the order of README.md, namespace and further attributes, from what the
// operator, the process itself and the kernel say. Pure; called by meta/process.c for each process event.
#pragma once

#include "collector/meta/naming_rule.h"
#include "collector/meta/attribute_set.h"

#define SERVICE_NAME_MAX 128

// What is known. Texts of the process are foreign: "" where unknown.
struct service_identity_source {
    const char *forced_name; // of all services; NULL: each its own
    const char *host_id, *host_arch;
    const struct naming_rule *rules;
    unsigned rule_count;
    struct naming_subject subject; // without unit and container: these are read out of its cgroup
    struct str comm, cmdline;
    struct str parent_name;                // service.name of the parent if that executes the same file
    struct str said_name, said_attributes; // OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES of its environment
};

struct service_identity {
    char name[SERVICE_NAME_MAX], namespace_[SERVICE_NAME_MAX]; // name: never ""
    char instance_id[SERVICE_NAME_MAX];                        // as the operator or the process says, or ""
    char container_id[SERVICE_NAME_MAX];
    struct attribute_set resource; // the rest
};

void service_identity_find(const struct service_identity_source *source, struct service_identity *ret_identity);
