// OTLP over HTTP with protobuf bodies (OTLP 1.11): metrics every interval, spans in batches. Requests are made by
// libcurl's multi interface on the collector's loop; a slow or dead endpoint costs bounded memory and no time
// elsewhere.
#pragma once

#include <stdint.h>
#include "collector/core/loop.h"
#include "collector/meta/process.h"
#include "collector/red/red.h"
#include "collector/red/self.h"
#include "collector/span/span.h"

struct otlp_settings {
    const char *metrics_url, *traces_url;     // full URLs; NULL: that signal is off
    const char *headers[SELF_SIGNAL_MAX][16]; // "Name: value", NULL-terminated
    bool gzip[SELF_SIGNAL_MAX];
    uint64_t timeout_ns[SELF_SIGNAL_MAX]; // of one attempt
    uint64_t metric_interval_ns;   // start to start
    uint64_t batch_delay_ns;       // OTEL_BSP_SCHEDULE_DELAY
    unsigned batch_max, queue_max; // OTEL_BSP_MAX_EXPORT_BATCH_SIZE, _MAX_QUEUE_SIZE, in spans
    uint64_t give_up_ns;           // retries go on for this long (5 minutes)
    struct resource_attribute {
        const char *key, *value;
    } resource[64]; // OTEL_RESOURCE_ATTRIBUTES; NULL-terminated
};

struct otlp;
int otlp_new(struct otlp **ret_otlp, struct loop *loop, const struct otlp_settings *settings, const struct red *red,
             const struct process_table *processes, struct self *self) must_check;
void otlp_free(struct otlp *otlp);
// A span_sink_fn. All that comes is pushed: sampling is decided before.
void otlp_span(void *otlp, const struct span *span);
// Sends what is queued (and one last set of metrics), for at most timeout_ns, running the loop meanwhile.
void otlp_flush(struct otlp *otlp, uint64_t timeout_ns);
