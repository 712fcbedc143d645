// Which processes are observed: the rules of the command line applied to a process, and the answer written where the kernel side
// looks. Input is the kernel's (events of our programs, /proc/PID/exe links); nothing that a process wrote is read.
#pragma once

#include "common/ipc/message.h"
#include "loader/options.h"
#include "loader/probes.h"

#define EXE_PATH_MAX 4096

struct selection {
    const struct loader_options *options;
    struct probes *probes;
    uint32_t self; // never observed
};

// Decides on a process that exists (EVENT_TASK) or has just executed something (EVENT_EXEC). True if it is observed.
bool selection_decide(struct selection *selection, const struct process_event *event);
bool selection_process_lives(uint32_t pid);
// A process that must never be observed (the collector).
void selection_exclude(struct selection *selection, uint32_t pid);
// Everything that runs already: processes, then their sockets. 0 or -errno.
int selection_start(struct selection *selection) must_check;
// What the collector is told of a process. False if there is nothing to tell (a kernel thread).
bool selection_describe(const struct process_event *event, uint16_t listen_port, struct message_process *ret_message);
