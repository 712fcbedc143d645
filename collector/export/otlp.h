// OTLP with protobuf bodies, over HTTP or gRPC (OTLP 1.11): metrics every interval, spans in batches, to every
// destination of the settings. Requests are made by libcurl's multi interface on the collector's loop; a slow or dead
// endpoint costs bounded memory and no time elsewhere, the other destinations' included.
#pragma once

#include <stdint.h>
#include "collector/core/loop.h"
#include "collector/export/otlp_settings.h"
#include "collector/meta/process.h"
#include "collector/red/red.h"
#include "collector/red/self.h"
#include "collector/span/span.h"

// The files that are read while running, NULL-terminated: for the sandbox.
#define OTLP_FILES_MAX (OTLP_DESTINATIONS_MAX * SELF_SIGNAL_MAX * OTLP_TLS_FILE_MAX)
void otlp_files(const struct otlp_settings *settings, const char *ret_files[OTLP_FILES_MAX + 1]);

// What is pushed, and whom to ask to bring self up to date before (NULL: nobody).
struct otlp_sources {
    struct red *red;
    const struct process_table *processes;
    struct self *self;
    const char *instance; // what tells this redstart from others on the host, the same after a restart
    void (*refresh)(void *context);
    void *context;
};

struct otlp;
// Has red keep what these settings need of it. 0 or -errno.
int otlp_new(struct otlp **ret_otlp, struct loop *loop, const struct otlp_settings *settings,
             const struct otlp_sources *sources) must_check;
void otlp_free(struct otlp *otlp);
// Other destinations, resource attributes and intervals, from now on. A destination that stays keeps what waits for
// it; one that goes gets 5 s for that. What waits for other things than destinations, as the size of queues, stays. 0
// or -errno: then a new destination is missing.
int otlp_reload(struct otlp *otlp, const struct otlp_settings *settings) must_check;
// Are traces among what is pushed?
bool otlp_reads_spans(const struct otlp *otlp);
// A span_sink_fn. All that comes is pushed: sampling is decided before.
void otlp_span(void *otlp, const struct span *span);
// Sends what is queued (and one last set of metrics), for at most timeout_ns, running the loop meanwhile.
void otlp_flush(struct otlp *otlp, uint64_t timeout_ns);
