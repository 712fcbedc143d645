// Fuzz target: a stream of ring records, as intake would take them, through conn/ and span/. `reserved` moves the
// clock. No exchange may give more spans than it had first records, and each record lies in memory of exactly its size.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "collector/conn/conn.h"
#include "collector/core/clock.h"
#include "collector/intake/check.h"

#define KNOWN_PID 0x70000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sink(void *context, const struct span *span)
{
    uint64_t *sum = context;
    *sum += span->path.n ? (uint8_t)span->path.p[span->path.n - 1] : 0; // touch what the slices point to
    *sum += span->server_address.n ? (uint8_t)span->server_address.p[span->server_address.n - 1] : 0;
    *sum += strlen(span->client.text) + strlen(span->server.text);
    if (span->processing_ns != SPAN_TIME_UNKNOWN && span->queue_ns + span->processing_ns != span->duration_ns)
        abort();
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct self self = {.connections = 0};
    struct process_table *processes;
    struct conn_table *table;
    uint64_t sum = 0, firsts = 0, now = 0;
    if (process_table_new(&processes, "fuzzed", "host", 4) < 0)
        abort();
    struct process_facts facts = {.pid = KNOWN_PID, .exe = STR("/srv/x"), .comm = STR("x")};
    if (process_table_update(processes, &facts) < 0 || conn_table_new(&table, 4, processes, &self, sink, &sum) < 0)
        abort();

    for (struct http1_record *record; (record = record_next(&data, &size)) != NULL; free(record)) {
        firsts += record->kind == RECORD_KIND_HTTP1;
        conn_table_record(table, record, now);
        now += record->reserved % 1024 * NS_PER_MS;
        conn_table_tick(table, now);
    }
    conn_table_flush(table);
    if (self.spans[SPAN_KIND_SERVER] + self.spans[SPAN_KIND_CLIENT] > firsts)
        abort();
    conn_table_free(table);
    process_table_free(processes);
    return 0;
}
