// The stages between intake and export, put together: processes, exchanges, series. The same for a run (main.c) and for
// a replay (replay.c), with the same caps, so that a recording shows what the run did.
#pragma once

#include "collector/conf/options.h"
#include "collector/conn/conn.h"
#include "collector/red/red.h"

struct stages {
    struct process_table *processes;
    struct red *red;
    struct router *router;
    struct span_selection *selection; // NULL: spans have all attributes
    struct conn_table *connections;
};

// sink gets each finished span. On failure: release. 0 or -errno.
int stages_open(struct stages *stages, const struct collector_options *options, const char *host_id, struct self *self,
                span_sink_fn *sink, void *sink_context) must_check;
// What can change while running. The options live on until others come.
void stages_reload(struct stages *stages, const struct collector_options *options);
void stages_release(struct stages *stages);
void stages_process(struct stages *stages, const struct process_facts *facts);
// Forgets what is old. Call about once a second.
void stages_expire(struct stages *stages, uint64_t now_monotonic_ns);
