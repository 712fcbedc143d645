// Fuzz target: a stream of ring records, as intake would take them, through conn/ and span/. `reserved` moves the
// clock. No exchange may give more spans than it had first records, each record lies in memory of exactly its size, and
// a table that is made to forget what exchanges said before gives the same spans.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "collector/conn/conn.h"
#include "collector/core/clock.h"
#include "collector/core/hash.h"
#include "collector/intake/check.h"

#define KNOWN_PID 0x70000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct side {
    struct conn_table *table;
    struct self self;
    uint64_t hash; // of its spans, but for random ids
};

static void numbers_add(uint64_t *hash, uint64_t a, uint64_t b)
{
    *hash = hash_mix(*hash ^ a, b);
}

static void sink(void *context, const struct span *span)
{
    struct side *side = context;
    const struct str texts[] = {span->path,
                                span->query,
                                span->method_original,
                                span->user_agent,
                                span->server_address,
                                span->forwarded_for,
                                span->trace_state,
                                str_from(span->client.text),
                                str_from(span->server.text),
                                str_from(span->scheme),
                                str_from(span->error_type)};
    for (size_t i = 0; i < array_size(texts); i++)
        side->hash = hash_text(side->hash, texts[i]);
    numbers_add(&side->hash, span->start_monotonic_ns, span->duration_ns);
    numbers_add(&side->hash, span->queue_ns, span->processing_ns);
    numbers_add(&side->hash, (uint64_t)span->request_body, (uint64_t)span->response_body);
    numbers_add(&side->hash, span->status, (uint64_t)span->method << 8 | (uint64_t)span->version << 4 | span->kind);
    numbers_add(&side->hash, span->client.port, (uint64_t)span->server.port << 16 | span->server_port);
    numbers_add(&side->hash, span->has_parent, (uint64_t)span->sampled << 1 | span->truncated);
    if (span->has_parent)
        side->hash = hash_text(side->hash, (struct str){(const char *)span->parent_span_id, 8});
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

static uint64_t spans_of(const struct side *side)
{
    return side->self.spans[SPAN_KIND_SERVER] + side->self.spans[SPAN_KIND_CLIENT];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct side remembers = {.hash = 0}, forgets = {.hash = 0};
    struct process_table *processes;
    uint64_t firsts = 0, now = 0;
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
    }
    conn_table_flush(remembers.table);
    conn_table_flush(forgets.table);
    if (spans_of(&remembers) > firsts || remembers.hash != forgets.hash ||
        memcmp(&remembers.self, &forgets.self, sizeof remembers.self) != 0)
        abort();
    conn_table_free(remembers.table);
    conn_table_free(forgets.table);
    process_table_free(processes);
    return 0;
}
