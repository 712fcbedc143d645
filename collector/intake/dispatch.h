// What a message of the loader says (common/ipc/message.h): checked for size, kind and order, and handed on. Called by
// session.c for each message and by the fuzz target. The loader is trusted for what it says, not for being the loader.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "common/ipc/message.h"
#include "common/lib/cleanup.h"

struct dispatch_receiver {
    // Takes the fd. 0, or -errno: the conversation is over.
    int (*map)(void *context, const struct message_map_fd *map, int fd);
    int (*ready)(void *context, unsigned rings);
    void (*process)(void *context, const struct message_process *process);
    void (*executable)(void *context, const struct message_executable *executable);
    void (*process_exit)(void *context, uint32_t pid);
    void (*walk)(void *context, bool ends);
    void *context;
};

// Of one conversation; starts as zero. Maps come before ready, which comes once; the rest after it.
struct dispatch {
    bool ready;
};

// 0; -EBADMSG: none of this version or out of turn; -EBUSY: another collector is being served; or what the receiver
// answered. *fd: -1 or what came with the message; taken if it was used.
int dispatch_message(struct dispatch *dispatch, const struct dispatch_receiver *receiver, const void *bytes,
                     size_t size, int *fd) must_check;
