// Our side of the conversation with the loader (common/ipc/message.h): one hello, then receive. Whatever is not as it
// should be ends the conversation, is counted (redstart_unparsed_total, protocol "loader"), and another attempt follows
// by itself.
#pragma once

#include "collector/core/loop.h"
#include "collector/intake/dispatch.h"
#include "collector/red/self.h"

struct session_receiver {
    struct dispatch_receiver messages;
    void (*ended)(void *context); // the same context
};

struct session;
int session_new(struct session **ret_session, struct loop *loop, const char *socket_path,
                const struct session_receiver *receiver, struct self *self) must_check;
void session_free(struct session *session);
// Ends the conversation, as a violation by the loader. The receiver is told.
void session_refuse(struct session *session, const char *why);
bool session_connected(const struct session *session);
// The loader's pid as the kernel knows it (who listens on the socket); 0 if there is none, or not to be seen from here.
uint32_t session_peer(const struct session *session);
