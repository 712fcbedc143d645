// Fuzz target: a stream of ring records, as intake would take them, through conn/ and span/. `reserved` moves the
// clock. No exchange may give more spans than it had first records, each record lies in memory of exactly its size, and
// a table that is made to forget what exchanges said before gives the same spans.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "collector/conn/conn.h"
#include "collector/core/clock.h"
#include "collector/intake/check.h"
#include "tests/unit/conn/span_text.h"

#define KNOWN_PID 0x70000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct side {
    struct conn_table *table;
    struct self self;
    struct span_text text; // of its spans since they were compared
};

static void sink(void *context, const struct span *span)
{
    struct side *side = context;
    span_text_add(&side->text, span);
    if (span->processing_ns != SPAN_TIME_UNKNOWN && span->queue_ns + span->processing_ns != span->duration_ns)
        abort();
}

static void sides_compare(struct side *one, struct side *other)
{
    if (!span_text_same(&one->text, &other->text) || memcmp(&one->self, &other->self, sizeof one->self) != 0)
        abort();
    one->text.n = other->text.n = 0;
}

// The record's bytes in a block of their own; NULL at the end of the input or if it is none.
static struct http1_record *record_next(const uint8_t **data, size_t *size)
{
    struct http1_record facts;
    if (*size < sizeof facts)
        return NULL;
    memcpy(&facts, *data, sizeof facts);
    if (facts.size > *size || facts.size < sizeof facts)
        return NULL;
    struct http1_record *record = malloc(facts.size);
    if (!record)
        abort();
    memcpy(record, *data, facts.size);
    if (!record_check(record, facts.size)) {
        free(record);
        return NULL;
    }
    *data += facts.size;
    *size -= facts.size;
    return record;
}

static uint64_t spans_of(const struct side *side)
{
    return side->self.spans[SPAN_KIND_SERVER] + side->self.spans[SPAN_KIND_CLIENT];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct side remembers, forgets; // large
    struct process_table *processes;
    uint64_t firsts = 0, now = 0;
    remembers.self = forgets.self = (struct self){.connections = 0};
    remembers.text.n = forgets.text.n = 0;
    if (process_table_new(&processes, "fuzzed", "host", 4) < 0)
        abort();
    struct process_facts facts = {.pid = KNOWN_PID, .exe = STR("/srv/x"), .comm = STR("x")};
    if (process_table_update(processes, &facts) < 0 ||
        conn_table_new(&remembers.table, 4, processes, &remembers.self, sink, &remembers) < 0 ||
        conn_table_new(&forgets.table, 4, processes, &forgets.self, sink, &forgets) < 0)
        abort();

    for (struct http1_record *record; (record = record_next(&data, &size)) != NULL; free(record)) {
        firsts += record->kind == RECORD_KIND_HTTP1;
        conn_table_record(remembers.table, record, now);
        conn_table_propagators(forgets.table, &propagators_default);
        conn_table_record(forgets.table, record, now);
        now += record->reserved % 1024 * NS_PER_MS;
        conn_table_tick(remembers.table, now);
        conn_table_tick(forgets.table, now);
        sides_compare(&remembers, &forgets);
    }
    conn_table_flush(remembers.table);
    conn_table_flush(forgets.table);
    sides_compare(&remembers, &forgets);
    if (spans_of(&remembers) > firsts)
        abort();
    conn_table_free(remembers.table);
    conn_table_free(forgets.table);
    process_table_free(processes);
    return 0;
}
