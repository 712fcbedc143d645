// Services, one entry an instance, in a fixed table: what metrics and resources are grouped by. Called by
// meta/process.c; read by red/ and the exporters.
#pragma once

#include <stdint.h>
#include "collector/meta/service_identity.h"
#include "common/ipc/executable.h"
#include "common/lib/cleanup.h"

// Lives as long as the table and never moves. Texts are valid, printable UTF-8.
struct service {
    char name[SERVICE_NAME_MAX];        // service.name
    char namespace_[SERVICE_NAME_MAX];  // service.namespace or ""
    char instance_id[SERVICE_NAME_MAX]; // service.instance.id: a UUIDv5, unless the service itself says another
    char exe_name[64];                  // process.executable.name
    const char *language;               // telemetry.sdk.language or NULL
    char runtime_version[EXECUTABLE_VERSION_MAX + 1]; // process.runtime.version or ""
    const struct naming_attribute *attributes;        // the rest of its resource, sorted by key; of its latest process
    unsigned attribute_count;
    uint32_t index;      // 0, 1, 2 ... in order of appearance
    uint32_t processes;  // live processes of this instance
    uint8_t own_signals; // telemetry that it was seen to send itself; see span/self_instrumented.c
};

// The value of one of the attributes, NULL if there is none of this key.
const char *service_attribute(const struct service *service, const char *key);

struct service_table;
int service_table_new(struct service_table **ret_table, unsigned max) must_check;
void service_table_free(struct service_table *table);
// The instance of this name, namespace and id, made if it is the first of these; its attributes are then the
// identity's. NULL: too many, or no memory.
struct service *service_table_take(struct service_table *table, const struct service_identity *identity,
                                   const char *instance_id, struct str exe_name);
// By index, NULL past the end.
const struct service *service_table_at(const struct service_table *table, uint32_t index);
