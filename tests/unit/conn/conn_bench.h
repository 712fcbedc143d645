// Records in, spans out, for the tests of conn/: a table whose sink notes each span; times are made up.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include "collector/conn/conn.h"
#include "collector/core/clock.h"
#include "tests/unit/records.h"

#define GET      "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_B    "GET /b HTTP/1.1\r\nHost: h\r\n\r\n"
#define GET_C    "GET /c HTTP/1.1\r\nHost: h\r\n\r\n"
#define WHOLE    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define LONG     "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
#define CHUNKED  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define TO_CLOSE "HTTP/1.0 200 OK\r\n\r\n"
#define NOTES    64

struct note {
    char path[32];
    uint16_t status;
    uint64_t duration;
    int64_t request_body, response_body;
    bool error;
};

static struct note notes[NOTES];
static unsigned noted;
static struct self self;
static struct process_table *processes;
static struct conn_table *table;
static union record_room room;

static inline void note_span(void *context, const struct span *span)
{
    assert_true(noted < NOTES);
    struct note *note = &notes[noted++];
    snprintf(note->path, sizeof note->path, STR_FMT, STR_ARG(span->path));
    note->status = span->status;
    note->duration = span->duration_ns;
    note->request_body = span->request_body;
    note->response_body = span->response_body;
    note->error = span->error_type != NULL;
}

static inline void drop_span(void *context, const struct span *span)
{
}

static inline void process_add(uint32_t pid)
{
    struct process_facts facts = {.pid = pid, .exe = STR("/srv/x"), .comm = STR("x")};
    assert_int_equal(process_table_update(processes, &facts), 0);
}

static inline int setup(void **state)
{
    noted = 0;
    memset(&self, 0, sizeof self);
    if (process_table_new(&processes, NULL, "h", 16) < 0)
        return -1;
    process_add(RECORD_PID);
    return conn_table_new(&table, 4, processes, &self, note_span, NULL);
}

static inline int teardown(void **state)
{
    conn_table_free(table);
    process_table_free(processes);
    return 0;
}

// What was counted instead of a span.
static inline uint64_t unparsed(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < SELF_UNPARSED_MAX; i++)
        sum += self.unparsed[i];
    return sum;
}

static inline void feed(const struct http1_record *record, uint64_t now)
{
    conn_table_record(table, record, now);
}

// An exchange of connection 7; more: bytes of the response beyond its text.
static inline void first(uint32_t sequence, const char *request, const char *response, uint64_t more, uint16_t flags)
{
    struct http1_record *record = record_make(&room, str_from(request), str_from(response));
    record->sequence = sequence;
    record->response_bytes += more;
    record->flags = flags;
    if (more)
        memset(record->tail, 'x', sizeof record->tail);
    feed(record, 0);
}

// Its END: totals, and the last bytes of the response.
static inline void end(uint32_t sequence, uint64_t response_bytes, const char *tail, uint64_t ended, uint16_t flags)
{
    struct http1_record *record = record_make(&room, STR(""), STR(""));
    record->kind = RECORD_KIND_HTTP1_END;
    record->sequence = sequence;
    record->request_bytes = strlen(GET);
    record->response_bytes = response_bytes;
    record->ended = ended;
    record->flags = flags;
    size_t n = strlen(tail);
    memcpy(record->tail + sizeof record->tail - n, tail, n);
    feed(record, 0);
}

static inline void assert_note(unsigned i, const char *path, uint16_t status, int64_t body, uint64_t duration)
{
    assert_true(i < noted);
    assert_string_equal(notes[i].path, path);
    assert_int_equal(notes[i].status, status);
    assert_int_equal(notes[i].response_body, body);
    assert_int_equal(notes[i].duration, duration);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
