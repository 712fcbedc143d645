// Where records come from: the loader's conversation (map fds, process records) and its rings, or a recorded file.
// Everything that comes out of a ring is untrusted: lengths and kinds are checked before a record is handed on.
#pragma once

#include <stdbool.h>
#include "collector/core/loop.h"
#include "collector/meta/process.h"
#include "collector/red/self.h"
#include "common/abi/record.h"

struct intake_receiver {
    // A valid record: size covers its parts, kind is known. Only good during the call.
    void (*record)(void *context, const struct http1_record *record);
    // These two in the order of the records: before the first exchange of a process that executed and said it.
    void (*executed)(void *context, const struct process_executed *executed);
    void (*environment)(void *context, const struct process_environment *said);
    void (*process)(void *context, const struct process_facts *facts);
    void (*executable)(void *context, const struct process_executable *found);
    void (*process_exit)(void *context, uint32_t pid);
    void (*walk)(void *context, bool ends); // around what is told of all processes, see process_table_walk
    void (*attached)(void *context);        // maps received: records flow from now on
    void (*detached)(void *context);        // the loader is gone; connecting again goes on
    void (*drained)(void *context);         // after each drain tick
    void *context;
};

struct intake;
// Connects to the loader's socket and keeps trying (every 250 ms) while it is not there. 0 or -errno.
int intake_new(struct intake **ret_intake, struct loop *loop, const char *socket_path,
               const struct intake_receiver *receiver, struct self *self) must_check;
void intake_free(struct intake *intake);
bool intake_attached(const struct intake *intake);
// NULL when records flow, else why they do not: one line for an operator.
const char *intake_not_ready(const struct intake *intake, uint64_t now_ns);
// 0 while it is not known.
uint32_t intake_loader_pid(const struct intake *intake);
// When the drain that goes on, or the last one, began: time enough for its records, and no look at the clock for each.
uint64_t intake_drained_ns(const struct intake *intake);
// Drains what is in the rings now (for the end of a run).
void intake_drain(struct intake *intake);
// Sums the kernel's counters into self->kernel (and connections).
void intake_counters_refresh(struct intake *intake);
