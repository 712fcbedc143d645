// From records to finished exchanges: a response that is whole in its first record becomes a span at once, without a
// table entry; one that goes on waits here for its end. Framing (RFC 9112 section 6) decides what is whole.
#pragma once

#include <stdint.h>
#include "collector/meta/process.h"
#include "collector/red/self.h"
#include "collector/span/route.h"
#include "collector/span/sampler.h"
#include "collector/span/selection.h"
#include "collector/span/trace_context.h"
#include "common/abi/record.h"

struct conn_table;

// max: exchanges that may wait at once. sink gets each finished span. 0 or -ENOMEM.
int conn_table_new(struct conn_table **ret_table, unsigned max, const struct process_table *processes,
                   struct self *self, span_sink_fn *sink, void *sink_context) must_check;
// Decides from now on which spans are sampled. Keeps the pointer.
void conn_table_sampler(struct conn_table *table, const struct sampler *sampler);
// Which headers name a request's parent; until then propagators_default. NULL: nobody reads spans, they are
// only measured. Keeps the pointer.
void conn_table_propagators(struct conn_table *table, const struct propagators *propagators);
// Routes spans from now on. Keeps the pointer.
void conn_table_router(struct conn_table *table, struct router *router);
// Which attributes spans have from now on; NULL: all. Keeps the pointer, and so do spans.
void conn_table_selection(struct conn_table *table, struct span_selection *selection);
void conn_table_free(struct conn_table *table);
// A record, already checked for its lengths.
void conn_table_record(struct conn_table *table, const struct http1_record *record, uint64_t now_monotonic_ns);
// Call every 100 to 500 ms: finishes what waited long enough (see pairing.c), retries records of processes not known
// yet.
void conn_table_tick(struct conn_table *table, uint64_t now_monotonic_ns);
// The run ends: everything that waits is finished as it is.
void conn_table_flush(struct conn_table *table);
