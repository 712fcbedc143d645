// The service notification protocol (systemd sd_notify(3)): one datagram of KEY=VALUE lines to $NOTIFY_SOCKET.
// `redstart run` listens on such a socket too, so that both programs say "ready" the same way everywhere.
#pragma once

// Remembers $NOTIFY_SOCKET and removes it from the environment. Call once, before the environment is cleared.
void notify_init(void);
// state: for example "READY=1\nSTATUS=attached". Without a socket, or when it is full, nothing happens.
void notify_send(const char *state);
