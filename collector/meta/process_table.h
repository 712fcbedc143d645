// The table of processes from inside: what process.c (who is there) and process_service.c (which service each belongs
// to) share.
#pragma once

#include "collector/meta/environment.h"
#include "collector/meta/process.h"

#define PROCESS_PORTS_MAX 8 // that a rule can ask for

struct process_entry {
    struct process process;
    uint64_t ended_ns; // when it ended, if it did
    uint32_t next;     // in its bucket or the free list: entry + 1
    uint32_t told;     // in or after which walk it was told of
    uint16_t own_port; // process.listen_port may be its parent's
    uint16_t ports[PROCESS_PORTS_MAX];
    uint8_t port_count;
    uint8_t language; // enum executable_language, of what it executes
    char runtime_version[EXECUTABLE_VERSION_MAX + 1];
    bool used, ended; // one without a service yet is used and ended: its environment came first
    struct environment *environment;
    char *cgroup; // path, NULL: not known
};

struct process_table {
    struct process_entry *entries;
    uint32_t *buckets; // entry + 1
    struct service_table *services;
    uint32_t mask, max, high, free, live;
    uint32_t walk; // begun last
    bool walking;  // its end has not come
    char *forced_name, *host_id;
    const struct naming_rule *rules;
    unsigned rule_count;
    process_source_fn *source; // NULL: /proc
    void *source_context;
};

struct process_entry *process_entry_find(const struct process_table *table, uint32_t pid);

// process_service.c
// Puts a live process under the service that it now belongs to. 0 or -ENOSPC.
int process_assign(struct process_table *table, struct process_entry *entry) must_check;
// Language and runtime of the service, from one of its processes.
void process_describe(const struct process_entry *entry);
// Workers that have something of their parent's: its port, or what it says of itself.
void process_assign_children(struct process_table *table, const struct process_entry *parent);
// Does it execute the same file as its parent?
bool process_same_exe(const struct process_entry *a, const struct process_entry *b);
