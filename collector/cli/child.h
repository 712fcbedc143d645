// One program of the pair: started with its user and its fds, told to end, reaped.
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include "collector/cli/identity.h"

struct child {
    const char *name; // "redstart-loader"
    pid_t pid;        // 0: not started, or reaped
    int status;       // of waitpid, once reaped
    bool ready;
};

struct child_start {
    char *const *arguments; // argv, [0] included
    char *const *environment;
    const struct identity *identity; // NULL: stays root
    bool keep_stdout;                // else standard output is standard error
    bool urgent;                     // little work, which must not wait behind others' for long
    int keep_fd;                     // stays open in it, under this number; 0: none
};

// Opens the program `name` beside our own executable, or in ../libexec/redstart from there. An fd or -ENOENT.
int child_find(const char *name) must_check;
// Starts the program that fd is open on. 0 or -errno.
int child_start(struct child *child, int fd, const struct child_start *start) must_check;
// Sends a signal if it runs.
void child_signal(const struct child *child, int number);
// Reaps without waiting; true if it ended just now.
bool child_reap(struct child *child);
// Waits for its end, at most timeout_ms, then kills it.
void child_await(struct child *child, unsigned timeout_ms);
// Its exit code by INTERFACE.md: 2 and 3 as they are, all else 1; 0 only if it ended with 0.
int child_exit_code(const struct child *child);
