// What are the executables of observed processes: asked of the resolver, a process of its own without any power, which
// reads the files so that we need not (common/ipc/resolver.h). It is started before lock-down and cannot be again: if
// it ends, we go on without. Nothing here grows: a fixed number of questions at a time, a fixed number of answers kept.
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include "common/ipc/message.h"
#include "common/ipc/resolver.h"
#include "common/lib/cleanup.h"

#define RESOLVE_PENDING_MAX 64
#define RESOLVE_KNOWN_MAX   128

struct resolve_file { // the same file, unchanged
    uint64_t device, inode, size;
    int64_t changed_ns;
};

struct resolve {
    int fd;                            // -1: there is no resolver
    uint32_t next_ticket, next_answer; // tickets in between are asked; answers come in their order
    struct resolve_question {
        uint32_t pid; // 0: asked again since
        uint64_t start;
        struct resolve_file file;
    } pending[RESOLVE_PENDING_MAX]; // by ticket
    struct resolve_known {
        struct resolve_file file;
        struct executable executable; // bits 0: no executable that says anything
    } known[RESOLVE_KNOWN_MAX];
    unsigned next_known;
};

enum resolve_outcome {
    RESOLVE_NOTHING, // no resolver, or a file that we may not read: nothing will come
    RESOLVE_KNOWN,   // *ret_message is to be told
    RESOLVE_ASKED,   // it comes by resolve_receive
    RESOLVE_BUSY,    // ask later
};

// Starts the redstart-resolver beside this program. Without one: a log line and fd -1.
void resolve_start(struct resolve *ret_resolve);
enum resolve_outcome resolve_ask(struct resolve *resolve, uint32_t pid, uint64_t start,
                                 struct message_executable *ret_message);
// The next answer that came. False when there is no more now, or for ever (fd -1 after a log line).
bool resolve_receive(struct resolve *resolve, struct message_executable *ret_message);
