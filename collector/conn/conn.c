// Records of processes that the loader has named go to pairing.c at once, the others are parked; see conn.h. The
// collector's loop calls it with what intake has checked.
#include "collector/conn/conn.h"

#include <errno.h>
#include "collector/conn/pairing.h"
#include "collector/conn/parked.h"
#include "collector/core/clock.h"

#define PARK_NS (1 * NS_PER_SEC)

struct conn_table {
    struct pairing pairing;
    struct parked parked;
};

int conn_table_new(struct conn_table **ret_table, unsigned max, const struct process_table *processes,
                   struct self *self, span_sink_fn *sink, void *sink_context)
{
    struct conn_table *table = calloc(1, sizeof *table);
    if (!table)
        return -ENOMEM;
    table->pairing = (struct pairing){
        .processes = processes,
        .self = self,
        .propagators = &propagators_default,
        .sink = sink,
        .sink_context = sink_context,
    };
    if (waiting_init(&table->pairing.waiting, max) < 0 || repeat_new(&table->pairing.repeat) < 0) {
        conn_table_free(table);
        return -ENOMEM;
    }
    *ret_table = table;
    return 0;
}

void conn_table_sampler(struct conn_table *table, const struct sampler *sampler)
{
    table->pairing.sampler = sampler;
}

void conn_table_propagators(struct conn_table *table, const struct propagators *propagators)
{
    table->pairing.propagators = propagators;
    repeat_forget(table->pairing.repeat);
}

void conn_table_router(struct conn_table *table, struct router *router)
{
    table->pairing.router = router;
}

void conn_table_selection(struct conn_table *table, struct span_selection *selection)
{
    table->pairing.selection = selection;
}

void conn_table_free(struct conn_table *table)
{
    if (!table)
        return;
    waiting_release(&table->pairing.waiting);
    repeat_free(table->pairing.repeat);
    parked_release(&table->parked);
    free(table);
}

static const struct process *process_of(const struct conn_table *table, const struct http1_record *record)
{
    return process_table_find(table->pairing.processes, record->pid);
}

// Nobody named its process. Only first records count: an END is no exchange of its own; and a process that the loader
// had not decided on may have been refused.
static void record_give_up(struct conn_table *table, const struct http1_record *record)
{
    if (record->kind == RECORD_KIND_HTTP1 && !(record->flags & RECORD_FLAG_PENDING))
        table->pairing.self->unparsed[SELF_UNPARSED_UNKNOWN_PROCESS]++;
}

void conn_table_record(struct conn_table *table, const struct http1_record *record, uint64_t now_monotonic_ns)
{
    const struct process *process = process_of(table, record);
    if (process && !parked_holds(&table->parked, table->parked.count, record))
        pairing_take(&table->pairing, record, process, now_monotonic_ns);
    else if (!parked_add(&table->parked, record, now_monotonic_ns))
        record_give_up(table, record);
}

// Goes through the parked records in order; those that stay move to the front.
static void parked_retry(struct conn_table *table, uint64_t now_ns, bool last)
{
    struct parked *parked = &table->parked;
    unsigned kept = 0;
    for (unsigned i = 0; i < parked->count; i++) {
        struct parked_record *slot = &parked->records[i];
        const struct http1_record *record = &slot->room.record;
        const struct process *process = process_of(table, record);
        if (process && !parked_holds(parked, kept, record))
            pairing_take(&table->pairing, record, process, now_ns);
        else if (last || now_ns >= slot->since_ns + PARK_NS)
            record_give_up(table, record);
        else if (kept++ != i)
            parked->records[kept - 1] = *slot;
    }
    parked_keep(parked, kept);
}

void conn_table_tick(struct conn_table *table, uint64_t now_monotonic_ns)
{
    parked_retry(table, now_monotonic_ns, false);
    pairing_expire(&table->pairing, now_monotonic_ns);
}

void conn_table_flush(struct conn_table *table)
{
    parked_retry(table, 0, true);
    pairing_expire(&table->pairing, UINT64_MAX);
}
