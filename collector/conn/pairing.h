// Records of known processes, in order per connection, become finished exchanges. Called by conn.c; records are checked
// for their lengths, their bytes are a stranger's. XREF(new-protocol): a record kind is told apart in pairing_take().
#pragma once

#include "collector/conn/conn.h"
#include "collector/conn/repeat.h"
#include "collector/conn/waiting.h"
#include "collector/span/route.h"

struct pairing {
    struct waiting waiting;
    struct repeat *repeat;
    const struct process_table *processes;
    struct self *self;
    struct router *router;                 // NULL: spans have no routes
    struct span_selection *selection;      // of spans' attributes; NULL: all
    const struct sampler *sampler;         // NULL: spans are sampled as their parents say
    const struct propagators *propagators; // NULL: nobody reads spans, see exchange_to_span
    span_sink_fn *sink;
    void *sink_context;
};

// process: the record's.
void pairing_take(struct pairing *pairing, const struct http1_record *record, const struct process *process,
                  uint64_t now_ns);
// Finishes what waited until now_ns; UINT64_MAX: everything.
void pairing_expire(struct pairing *pairing, uint64_t now_ns);
