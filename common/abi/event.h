// Process events: what the kernel side tells the loader (and the task iterator's output). Times in boot-time nanoseconds.
#pragma once

#include "common/abi/types.h"

#define EVENT_COMM_MAX 16
#define EVENT_FILENAME_MAX 128

enum event_kind {
    EVENT_NONE,
    EVENT_TASK,   // exists (from the iterator)
    EVENT_FORK,   // a child of an observed process, observed like it
    EVENT_EXEC,   // decide on it
    EVENT_EXIT,   // was observed, is gone
    EVENT_LISTEN, // listens on `port`, which is selected or belongs to an observed process
    EVENT_ACTIVE, // a process that was not selected serves a connection that is observed
};

struct process_event {
    __u32 kind;
    __u32 pid, parent_pid;
    __u16 port;     // EVENT_LISTEN
    __u16 selected; // EVENT_LISTEN: the port is one of the selected ones
    __u64 start;
    char comm[EVENT_COMM_MAX];
    char filename[EVENT_FILENAME_MAX]; // EVENT_EXEC: as given to execve(2)
};
ABI_SIZE(struct process_event, 168);

// One byte a process, indexed by pid: the loader writes them, the kernel side reads, inherits (fork) and clears (exit).
enum target_flag {
    TARGET_CLIENT = 1 << 0,   // its calls are observed
    TARGET_SERVER = 1 << 1,   // so is what it serves, on any port
    TARGET_PENDING = 1 << 2,  // started just now: observed until the loader has decided
    TARGET_EXCLUDED = 1 << 3, // never, whatever port it listens on
    TARGET_LINEAGE = 1 << 4,  // selected by --pid: children stay so, whatever they execute
    TARGET_KNOWN = 1 << 5,    // the loader was told that it handles an observed connection
};
