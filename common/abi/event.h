// Process events: what the kernel side tells the loader (and the task iterator's output). Times in boot-time
// nanoseconds.
#pragma once

#include "common/abi/types.h"

#define EVENT_COMM_MAX     16
#define EVENT_FILENAME_MAX 128
#define EVENT_CGROUP_MAX   384
#define EVENT_NAMESPACES   3

enum event_kind {
    EVENT_NONE,
    EVENT_TASK,   // exists (from the iterator)
    EVENT_FORK,   // a child of an observed process, observed like it
    EVENT_EXEC,   // decide on it
    EVENT_MOVE,   // the same: it was moved to another cgroup
    EVENT_EXIT,   // was observed, is gone
    EVENT_LISTEN, // listens on `port`, which is selected or belongs to an observed process
    EVENT_ACTIVE, // a process that was not selected serves a connection that is observed
};

enum event_note {
    // LISTEN: the port is a selected one. EXEC, MOVE: what selected it may be a listener it still holds
    EVENT_BY_PORT = 1 << 0,
    EVENT_TOLD = 1 << 1, // EXEC, MOVE: the process was observed
};

struct process_event {
    __u32 kind;
    __u32 pid, parent_pid;
    __u16 port;  // EVENT_LISTEN
    __u16 notes; // enum event_note
    __u64 start;
    char comm[EVENT_COMM_MAX];
    __u32 namespaces[EVENT_NAMESPACES], reserved; // pid, net, cgroup: inode numbers
    char filename[EVENT_FILENAME_MAX];            // EVENT_EXEC: as given to execve(2)
    char cgroup[EVENT_CGROUP_MAX];                // path, of events to decide on, if rules look at it
};
ABI_SIZE(struct process_event, 568);
#define EVENT_SHORT 56 // bytes of an event on which there is nothing to decide

// Two bytes a process, indexed by pid: the loader writes them, the kernel side reads, inherits (fork) and clears
// (exit).
struct target {
    __u8 flags; // enum target_flag
    __u8 rules; // bits of rules, see common/abi/policy.h
};

enum target_flag {
    TARGET_CLIENT = 1 << 0,   // its calls are observed
    TARGET_SERVER = 1 << 1,   // so is what it serves, on any port
    TARGET_PENDING = 1 << 2,  // started just now: observed until the loader has decided
    TARGET_EXCLUDED = 1 << 3, // never, whatever port it listens on
    TARGET_OWN = 1 << 4,      // redstart's: nothing that it takes part in is shown
    TARGET_KNOWN = 1 << 5,    // the loader was told that it handles an observed connection
    TARGET_GONE = 1 << 6,     // rules took it out of the selection, of which the collector is still to be told
};
