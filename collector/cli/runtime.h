// What a run leaves on the host while it lasts: /run/redstart-run.PID with the notify socket, the loader's rules and,
// in a directory of the loader's own, its socket; /sys/fs/bpf/redstart-run-PID with the loader's pins; and what runs
// that were killed left behind.
#pragma once

#include <sys/types.h>
#include "collector/cli/identity.h"
#include "common/lib/cleanup.h"
#include "common/lib/str.h"

#define RUNTIME_PATH_MAX 64

struct runtime {
    char directory[RUNTIME_PATH_MAX];
    char loader_directory[RUNTIME_PATH_MAX];
    char loader_conf[RUNTIME_PATH_MAX]; // written by runtime_rules only
    char loader_socket[RUNTIME_PATH_MAX];
    char notify_socket[RUNTIME_PATH_MAX];
    char pins[RUNTIME_PATH_MAX]; // "" where there is no bpffs
    int notify_fd;               // datagrams, with the sender's credentials
};

// Removes directories and pins of launchers that no longer live.
void runtime_clear_stale(void);
// Others may pass through the directories; the notify socket is open to all, and whoever reads it looks at the
// sender. 0 or -errno; nothing is left then.
int runtime_open(struct runtime *runtime, const struct identity *loader) must_check;
// Replaces loader.conf as a whole; the loader can read it, not write. 0 or -errno.
int runtime_rules(const struct runtime *runtime, struct str text) must_check;
void runtime_close(struct runtime *runtime);
