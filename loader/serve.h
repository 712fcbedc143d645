// The conversation with the one collector (common/ipc/message.h) and the events that feed it. Nothing a peer does can block this
// process, make it grow, or command it.
#pragma once

#include "loader/select.h"

// Creates and listens on the socket. Returns the fd or -errno after a log line.
int serve_listen(const char *path) must_check;
// Serves until SIGTERM or SIGINT (blocked by the caller, read from signal_fd). 0 or -errno.
int serve_run(struct selection *selection, int listen_fd, int signal_fd) must_check;
