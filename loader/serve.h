// The conversation with the one collector (common/ipc/message.h) and the events that feed it. Nothing a peer does can block this
// process, make it grow, or command it.
#pragma once

#include "loader/select.h"

// True, after a log line that names its pid, if another loader serves this socket.
bool serve_held(const char *path);
// Creates and listens on the socket. Returns the fd or -errno after a log line.
int serve_listen(const char *path) must_check;
struct server;
// Everything that serving needs is opened here; NULL after a log line. Lives as long as the program.
struct server *serve_open(struct selection *selection, int listen_fd, int signal_fd) must_check;
// Serves until SIGTERM or SIGINT (blocked by the caller, read from signal_fd). 0 or -errno.
int serve_run(struct server *server) must_check;
