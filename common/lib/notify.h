// The service notification protocol (systemd sd_notify(3)): one datagram of KEY=VALUE lines to $NOTIFY_SOCKET.
// `redstart run` listens on such a socket too, so that both programs say "ready" the same way everywhere.
#pragma once

#include <stdint.h>
#include "common/lib/cleanup.h"

// Remembers $NOTIFY_SOCKET, $WATCHDOG_USEC and removes them from the environment. Call once, before that is cleared.
void notify_init(void);
// state: for example "READY=1\nSTATUS=attached". Without a socket, or when it is full, nothing happens.
void notify_send(const char *state);
// How often to send "WATCHDOG=1", from the loop whose turning it proves: half of what the service manager waits.
// 0: it does not wait for this process.
uint64_t notify_watchdog_ns(void);
