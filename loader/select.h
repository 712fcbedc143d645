// Which processes are observed: root's rules applied to a process, and the answer written where the kernel side
// looks. Input is the kernel's (events of our programs, /proc/PID/exe links); nothing that a process wrote is read.
#pragma once

#include "common/ipc/message.h"
#include "loader/options.h"
#include "loader/probes.h"

#define EXE_PATH_MAX 4096

struct selection {
    char **arguments;
    struct loader_options *options;
    struct probes *probes;
    uint32_t self, collector;        // never observed
    uint32_t host[EVENT_NAMESPACES]; // of the kernel's threads
};

// Decides on a process: it exists (EVENT_TASK), has just executed something (EVENT_EXEC) ... True if it is observed.
bool selection_decide(struct selection *selection, const struct process_event *event);
// This one must never be observed.
void selection_collector(struct selection *selection, uint32_t pid);
// Applies the rules to everything that runs: processes, then their sockets. Until that is done everything new is
// pending. lineage: bits that hold already. 0, or -errno after a log line.
int selection_apply(struct selection *selection, uint8_t lineage) must_check;
// The same with the options read again; if they are wrong, the old rules stay. What was observed has TARGET_GONE then.
int selection_reload(struct selection *selection) must_check;
// What the collector is told of a process. False if there is nothing to tell (a kernel thread).
bool selection_describe(const struct process_event *event, uint16_t listen_port, struct message_process *ret_message);
