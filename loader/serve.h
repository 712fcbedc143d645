// The conversation with the one collector (common/ipc/message.h) and the events that feed it. Nothing a peer does can
// block this process, make it grow, or command it.
#pragma once

#include "loader/resolve.h"
#include "loader/select.h"

struct server;
// Everything that serving needs is opened here; NULL after a log line. Lives as long as the program.
struct server *serve_open(struct selection *selection, struct resolve *resolve, int listen_fd,
                          int signal_fd) must_check;
// Serves until SIGTERM or SIGINT (blocked by the caller, read from signal_fd); SIGHUP reloads the rules. 0 or -errno.
int serve_run(struct server *server) must_check;
