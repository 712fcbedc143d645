// Who is this pid: observed processes (as the loader names them) and the services they belong to.
// Input: process records of the loader (trusted for what they are: links and names the kernel gave it) and the
// world-readable /proc/PID/cmdline and cgroup (foreign text, bounded).
#pragma once

#include "collector/meta/proc_file.h"
#include "collector/meta/service.h"

#define PROCESS_EXE_MAX 256

struct process {
    uint32_t pid;
    uint32_t parent_pid;
    uint64_t start_ns;    // boot-time clock; pid and start are unique
    uint16_t listen_port; // lowest TCP port known, 0 if none
    char exe[PROCESS_EXE_MAX];
    char comm[16];
    struct service *service; // never NULL once known
};

struct process_table;

// forced_service_name: names all services (OTEL_SERVICE_NAME, --service-name), or NULL. host_id: any text that is
// stable for this host. max: processes. 0 or -ENOMEM.
int process_table_new(struct process_table **ret_table, const char *forced_service_name, const char *host_id,
                      unsigned max) must_check;
void process_table_free(struct process_table *table);
// From now on these name processes, those that are known as well: one name for all (NULL: each its own), else rules, of
// which later ones win and which must live until others are set. 0; -ENOMEM: all stays as it was.
int process_table_names(struct process_table *table, const char *forced_service_name, const struct naming_rule *rules,
                        unsigned count) must_check;
// Where a process's files come from instead of /proc: a recorder that listens in, or a recording. As proc_file_read.
typedef int process_source_fn(void *context, enum proc_file file, uint32_t pid, char *buffer, size_t size,
                              size_t *ret_n);
void process_table_source(struct process_table *table, process_source_fn *source, void *context);

// What the loader said of a process; a known pid is updated (exec gives it another executable and maybe service;
// another listen_port another instance). 0 or -ENOSPC when the table is full.
struct process_facts {
    uint32_t pid, parent_pid;
    uint64_t start_ns;
    uint16_t listen_port;
    struct str exe; // path as the kernel gives it, maybe with " (deleted)"
    struct str comm;
};
int process_table_update(struct process_table *table, const struct process_facts *facts) must_check;
// What the loader's resolver found out of the file that a process executes; comes after its facts, holds until it
// executes another.
struct process_executable {
    uint32_t pid, reserved;
    uint64_t start_ns;
    struct executable executable; // checked (executable_check)
};
void process_table_executable(struct process_table *table, const struct process_executable *found);
// A process has executed something: what it said of itself holds no more. Comes before or after its facts; of one that
// is not known yet it is remembered for a while.
struct process_executed {
    uint32_t pid;
    uint64_t start_ns;
    struct str cgroup; // path
};
void process_table_executed(struct process_table *table, const struct process_executed *executed, uint64_t now_ns);
// What a process says of itself in its environment; of one that is not known yet it is remembered for a while. Foreign
// text, which holds until it executes something else. Empty: it says nothing.
struct process_environment {
    uint32_t pid;
    uint64_t start_ns;
    struct str service_name, attributes; // OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
};
void process_table_environment(struct process_table *table, const struct process_environment *said, uint64_t now_ns);
// The process ended. Its entry stays findable for a while (records may still be in a ring) and is then reused.
void process_table_exit(struct process_table *table, uint32_t pid, uint64_t now_ns);
// The loader begins to tell of all processes that there are, or has told of all. Who was not told of since it began has
// ended: what says so can get lost when hundreds end at once, or while no loader is connected.
void process_table_walk(struct process_table *table, bool ends, uint64_t now_ns);
// NULL if the loader has not (yet) said anything of it.
const struct process *process_table_find(const struct process_table *table, uint32_t pid);
// Drops entries whose process ended more than 10 s ago.
void process_table_expire(struct process_table *table, uint64_t now_ns);
unsigned process_table_live(const struct process_table *table);

// For exporters: services by index, NULL past the end.
const struct service *process_table_service(const struct process_table *table, uint32_t index);
