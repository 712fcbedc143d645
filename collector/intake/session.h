// Our side of the conversation with the loader (common/ipc/message.h): one hello, then receive. The loader is trusted for what it says,
// not for being the loader: a message of a wrong size or kind ends the conversation.
#pragma once

#include "collector/core/loop.h"
#include "common/abi/counters.h"
#include "common/ipc/message.h"

struct session_receiver {
    // Takes the fd.
    void (*map)(void *context, const struct message_map_fd *map, int fd);
    void (*ready)(void *context, unsigned rings);
    void (*process)(void *context, const struct message_process *process);
    void (*process_exit)(void *context, uint32_t pid);
    void (*ended)(void *context); // another attempt follows by itself
    void *context;
};

struct session;
int session_new(struct session **ret_session, struct loop *loop, const char *socket_path,
                const struct session_receiver *receiver) must_check;
void session_free(struct session *session);
