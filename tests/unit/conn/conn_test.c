// Records in, spans out: what is finished when, what is counted instead. Times are made up; the sink notes each span.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
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

#define MANY           4000
#define OPEN_BYTES_MAX 464 // an entry's exchange: see unfinished.h
#ifdef __SANITIZE_ADDRESS__
#define MALLINFO_COUNTS false // its allocator counts nothing
#else
#define MALLINFO_COUNTS true
#endif

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

static void note_span(void *context, const struct span *span)
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

static void drop_span(void *context, const struct span *span)
{
}

static void process_add(uint32_t pid)
{
    struct process_facts facts = {.pid = pid, .exe = STR("/srv/x"), .comm = STR("x")};
    assert_int_equal(process_table_update(processes, &facts), 0);
}

static int setup(void **state)
{
    noted = 0;
    memset(&self, 0, sizeof self);
    if (process_table_new(&processes, NULL, "h", 16) < 0)
        return -1;
    process_add(RECORD_PID);
    return conn_table_new(&table, 4, processes, &self, note_span, NULL);
}

static int teardown(void **state)
{
    conn_table_free(table);
    process_table_free(processes);
    return 0;
}

// What was counted instead of a span.
static uint64_t unparsed(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < SELF_UNPARSED_MAX; i++)
        sum += self.unparsed[i];
    return sum;
}

static void feed(const struct http1_record *record, uint64_t now)
{
    conn_table_record(table, record, now);
}

// An exchange of connection 7; more: bytes of the response beyond its text.
static void first(uint32_t sequence, const char *request, const char *response, uint64_t more, uint16_t flags)
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
static void end(uint32_t sequence, uint64_t response_bytes, const char *tail, uint64_t ended, uint16_t flags)
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

static void assert_note(unsigned i, const char *path, uint16_t status, int64_t body, uint64_t duration)
{
    assert_true(i < noted);
    assert_string_equal(notes[i].path, path);
    assert_int_equal(notes[i].status, status);
    assert_int_equal(notes[i].response_body, body);
    assert_int_equal(notes[i].duration, duration);
}

// Whole in the first record: a span at once, and nothing later.
static void whole_at_once(void **state)
{
    static const struct {
        const char *request, *response;
        int64_t body;
    } cases[] = {
        {GET, WHOLE, 5},
        {GET, CHUNKED "0\r\n\r\n", 5},
        {GET, CHUNKED "3\r\nabc\r\n0\r\n\r\n", 13},
        {GET, "HTTP/1.1 204 No\r\n\r\n", 0},
        {GET, "HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", 0},
        {GET, "HTTP/1.1 101 Up\r\n\r\n", 0},
        {"HEAD / HTTP/1.1\r\n\r\n", LONG, 0},
        {"CONNECT a:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\ntunnel", 0},
        {GET, "HTTP/1.1 100 C\r\n\r\n" WHOLE, 5},
    };
    for (unsigned i = 0; i < array_size(cases); i++) {
        first(i, cases[i].request, cases[i].response, 0, 0);
        assert_int_equal(noted, i + 1);
        assert_int_equal(notes[i].response_body, cases[i].body);
    }
    end(array_size(cases) - 1, 59, "", 4000, RECORD_FLAG_CLOSED);
    conn_table_tick(table, UINT64_MAX);
    conn_table_flush(table);
    assert_int_equal(noted, array_size(cases));
    assert_int_equal(self.spans[SPAN_KIND_SERVER], array_size(cases));
    assert_int_equal(unparsed(), 0);
}

// An END(flags) with these totals finishes the exchange, or leaves it open.
static void ends(void **state)
{
    static const struct {
        const char *response;
        uint64_t more, total;
        const char *tail;
        uint16_t flags;
        bool finished;
    } cases[] = {
        {LONG, 10, sizeof LONG - 1 + 1000, "x", RECORD_FLAG_IDLE, true},
        {LONG, 10, sizeof LONG - 1 + 999, "x", RECORD_FLAG_IDLE, false},
        {LONG, 10, sizeof LONG - 1 + 999, "x", RECORD_FLAG_NEXT, false},
        {LONG, 10, sizeof LONG - 1 + 999, "x", RECORD_FLAG_CLOSED, true},
        {CHUNKED, 10, 300, "\r\n0\r\n\r\n", RECORD_FLAG_IDLE, true},
        {CHUNKED, 10, 300, "y: z\r\n\r\n", RECORD_FLAG_IDLE, true}, // a trailer section
        {CHUNKED, 10, 300, "abcdef\r\n", RECORD_FLAG_IDLE, false},
        {CHUNKED, 10, 300, "abcdef\r\n", RECORD_FLAG_NEXT, false},
        {CHUNKED, 10, 300, "y: z\r\n\r\n", RECORD_FLAG_NEXT, true},
        {"HTTP/1.1 200 OK\r\nX: ", 10, 300, "x", RECORD_FLAG_NEXT, true},
        {"HTTP/1.1 200 OK\r\nX: ", 10, 300, "x", 0, false}, // still going on,
        {TO_CLOSE, 10, 300, "\r\n\r\n", RECORD_FLAG_IDLE, false},
        {TO_CLOSE, 10, 300, "x", RECORD_FLAG_CLOSED, true},
        {"HTTP/1.1 200 OK\r\nX: ", 10, 300, "x", RECORD_FLAG_IDLE, true}, // framing not known
        {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX: ", 10, 300, "x", RECORD_FLAG_IDLE, false},
        {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX: ", 10, 1200, "x", RECORD_FLAG_IDLE, true},
    };
    for (unsigned i = 0; i < array_size(cases); i++) {
        noted = 0;
        first(2 * i, GET, cases[i].response, cases[i].more, 0);
        assert_int_equal(noted, 0);
        end(2 * i, cases[i].total, cases[i].tail, 9000, cases[i].flags);
        assert_int_equal(noted, cases[i].finished);
        if (cases[i].finished)
            assert_int_equal(notes[0].duration, 8000);
        end(2 * i, cases[i].total + 1, cases[i].tail, 9500, RECORD_FLAG_CLOSED);
        assert_int_equal(noted, 1);
        assert_int_equal(unparsed(), 0);
    }
}

static void idle_then_more(void **state)
{
    first(1, GET, CHUNKED, 10, 0);
    end(1, 300, "abcdef\r\n", 5000, RECORD_FLAG_IDLE);
    end(1, 400, "ghijkl\r\n", 6000, RECORD_FLAG_IDLE);
    end(9, 999, "", 99000, RECORD_FLAG_IDLE); // another exchange's
    assert_int_equal(noted, 0);
    end(1, 500, "\r\n0\r\n\r\n", 7000, RECORD_FLAG_IDLE);
    assert_int_equal(noted, 1);
    assert_note(0, "/a", 200, 500 - (int64_t)strlen(CHUNKED), 6000);
}

// The next exchange of the connection ends the one before, as it is.
static void next_exchange(void **state)
{
    first(1, GET, LONG, 10, 0);
    first(2, GET_B, WHOLE, 0, 0);
    assert_int_equal(noted, 2);
    assert_note(0, "/a", 200, 10, 2000);
    assert_note(1, "/b", 200, 5, 2000);
    assert_int_equal(unparsed(), 0);
}

// The kernel says NEXT at the next request's first bytes, and its exchange comes with its response: 2 s at most.
static void next_exchange_later(void **state)
{
    first(1, GET, LONG, 10, 0);
    end(1, strlen(LONG) + 500, "x", 9000, RECORD_FLAG_NEXT);
    assert_int_equal(noted, 0);
    conn_table_tick(table, 2 * NS_PER_SEC - 1);
    assert_int_equal(noted, 0);
    conn_table_tick(table, 2 * NS_PER_SEC);
    assert_int_equal(noted, 1);
    assert_note(0, "/a", 200, 500, 8000);
    first(2, GET, LONG, 10, 0);
    end(2, strlen(LONG) + 500, "x", 9000, RECORD_FLAG_NEXT);
    first(3, GET_B, WHOLE, 0, 0);
    assert_int_equal(noted, 3);
    assert_note(1, "/a", 200, 500, 8000);
    assert_note(2, "/b", 200, 5, 2000);
    assert_int_equal(unparsed(), 0);
}

// A response that goes on brings news each second; the end of its head was never seen.
static void going_on(void **state)
{
    first(1, GET, "HTTP/1.1 200 OK\r\nX: ", 300, 0);
    for (unsigned i = 1; i <= 5; i++) {
        struct http1_record *record = record_make(&room, STR(""), STR(""));
        record->kind = RECORD_KIND_HTTP1_END;
        record->response_bytes = 300 + i * 1000;
        record->ended = 3000 + i * 1000;
        feed(record, i * NS_PER_SEC);
        conn_table_tick(table, i * NS_PER_SEC + NS_PER_SEC);
        assert_int_equal(noted, 0);
    }
    conn_table_tick(table, 7 * NS_PER_SEC);
    assert_int_equal(noted, 1);
    assert_note(0, "/a", 200, SPAN_SIZE_UNKNOWN, 7000);
}

// A head written in pieces: the END brings the captures again.
static void head_in_pieces(void **state)
{
    first(1, "GET /lo", "HTTP/1.1 200", 0, 0);
    assert_int_equal(noted, 0);
    struct http1_record *record = record_make(&room, STR(GET), STR(WHOLE));
    record->kind = RECORD_KIND_HTTP1_END;
    record->ended = 5000;
    record->flags = RECORD_FLAG_IDLE;
    feed(record, 0);
    assert_int_equal(noted, 1);
    assert_note(0, "/a", 200, 5, 4000);
}

static void waiting_times(void **state)
{
    const uint64_t s = NS_PER_SEC;
    first(1, GET, "HTTP/1.1 200 OK\r\nX: ", 300, 0);
    conn_table_tick(table, 2 * s - 1);
    assert_int_equal(noted, 0);
    conn_table_tick(table, 2 * s);
    assert_int_equal(noted, 1);
    first(2, GET, LONG, 10, 0);
    conn_table_tick(table, 600 * s - 1);
    assert_int_equal(noted, 1);
    conn_table_tick(table, 600 * s);
    assert_int_equal(noted, 2);
    first(3, GET, CHUNKED, 10, 0);
    conn_table_flush(table);
    assert_int_equal(noted, 3);
    assert_int_equal(unparsed(), 0);
}

static void no_answer(void **state)
{
    first(1, GET, "", 0, RECORD_FLAG_NO_RESPONSE | RECORD_FLAG_CLOSED);
    assert_int_equal(noted, 1);
    assert_note(0, "/a", 0, SPAN_SIZE_UNKNOWN, 2000);
    assert_true(notes[0].error);
    first(2, GET GET_B, "", 0, RECORD_FLAG_NO_RESPONSE | RECORD_FLAG_CLOSED);
    assert_int_equal(noted, 2);
    assert_int_equal(self.unparsed[SELF_UNPARSED_PIPELINED], 1);
}

static void unusable(void **state)
{
    first(1, "\x16\x03\x01", WHOLE, 0, 0);
    first(2, GET, "SSH-2.0", 0, 0);
    assert_int_equal(self.unparsed[SELF_UNPARSED_MALFORMED], 2);
    first(3, "", WHOLE, 0, RECORD_FLAG_NO_REQUEST);
    assert_int_equal(self.unparsed[SELF_UNPARSED_NO_REQUEST], 1);
    end(3, 99, "", 9000, RECORD_FLAG_CLOSED);
    assert_int_equal(noted, 0);
    assert_int_equal(unparsed(), 3);
}

// Body bytes that look like a status line belong to the response that is not whole yet.
static void body_like_a_response(void **state)
{
    size_t piece = strlen(WHOLE);
    first(1, GET, LONG, 10, 0);
    first(2, "", WHOLE, 0, RECORD_FLAG_NO_REQUEST);
    assert_int_equal(noted, 0);
    end(2, 1000 - 10, "x", 9000, RECORD_FLAG_IDLE); // totals of the piece alone
    assert_int_equal(noted, 1);
    assert_note(0, "/a", 200, 1000, 8000);

    first(3, GET, LONG, 10, 0);
    first(4, "", WHOLE, 990 - piece, RECORD_FLAG_NO_REQUEST);
    assert_int_equal(noted, 2);
    assert_note(1, "/a", 200, 1000, 2000);

    first(5, GET, LONG, 10, 0);
    end(5, strlen(LONG) + 500, "x", 5000, RECORD_FLAG_NEXT); // the kernel takes the next write for another response
    first(6, "", WHOLE, 500 - piece, RECORD_FLAG_NO_REQUEST);
    assert_int_equal(noted, 3);
    assert_note(2, "/a", 200, 1000, 2000);
    assert_int_equal(unparsed(), 0);
}

// Three requests in one read, three responses in writes of their own.
static void pipelined(void **state)
{
    first(1, GET GET_B GET_C, WHOLE, 0, 0);
    assert_int_equal(noted, 1);
    first(2, "", WHOLE, 0, RECORD_FLAG_NO_REQUEST);
    first(3, "", LONG, 10, RECORD_FLAG_NO_REQUEST);
    assert_int_equal(noted, 2);
    end(3, strlen(LONG) + 1000, "x", 9000, RECORD_FLAG_CLOSED);
    assert_int_equal(noted, 3);
    assert_note(0, "/a", 200, 5, 2000);
    assert_note(1, "/b", 200, 5, 2000);
    assert_note(2, "/c", 200, 1000, 8000);
    assert_int_equal(unparsed(), 0);
    first(4, "", WHOLE, 0, RECORD_FLAG_NO_REQUEST);
    assert_int_equal(self.unparsed[SELF_UNPARSED_NO_REQUEST], 1);
}

// A pipelined request's response in pieces: its END has the response again, never the request.
static void pipelined_pieces(void **state)
{
    first(1, GET GET_B, WHOLE, 0, 0);
    first(2, "", "HTTP/1.1 200", 0, RECORD_FLAG_NO_REQUEST);
    assert_int_equal(noted, 1);
    struct http1_record *record = record_make(&room, STR(""), STR(WHOLE));
    record->kind = RECORD_KIND_HTTP1_END;
    record->sequence = 2;
    record->flags = RECORD_FLAG_IDLE | RECORD_FLAG_NO_REQUEST;
    record->ended = 5000;
    feed(record, 0);
    assert_int_equal(noted, 2);
    assert_note(1, "/b", 200, 5, 4000);
    assert_int_equal(unparsed(), 0);
}

static void pipelined_bodies(void **state)
{
    first(1, "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyzPUT /b HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd" GET_C,
          WHOLE, 0, 0);
    first(2, "", WHOLE, 0, RECORD_FLAG_NO_REQUEST);
    first(3, "", WHOLE, 0, RECORD_FLAG_NO_REQUEST);
    assert_int_equal(noted, 3);
    assert_note(1, "/b", 200, 5, 2000);
    assert_int_equal(notes[0].request_body, 3);
    assert_int_equal(notes[1].request_body, 4);
    assert_int_equal(notes[2].request_body, 0);
    assert_note(2, "/c", 200, 5, 2000);
    assert_int_equal(unparsed(), 0);
}

// Requests + loss: whatever shape coalesced responses take, each request is a span or counted, never both.
static void coalesced(void **state)
{
    static const struct {
        const char *request, *response;
        uint64_t beyond; // request bytes that were not captured
        uint64_t pipelined;
    } cases[] = {
        {GET GET_B GET_C, WHOLE WHOLE WHOLE, 0, 2},
        {GET GET_B, CHUNKED "0\r\n\r\n" CHUNKED "0\r\n\r\n", 0, 1},
        {GET "GET /cut", WHOLE WHOLE, 500, 1},
        {"GET /a HTTP/1.1\r\nX: ", WHOLE WHOLE, 500, 1},
        {GET, WHOLE "surplus", 0, 0}, // one request alone: a server that lies about the length
        {"HEAD /a HTTP/1.1\r\n\r\n" GET_B, LONG WHOLE, 0, 1},
    };
    for (unsigned i = 0; i < array_size(cases); i++) {
        memset(&self, 0, sizeof self);
        noted = 0;
        struct http1_record *record = record_make(&room, str_from(cases[i].request), str_from(cases[i].response));
        record->sequence = i;
        record->request_bytes += cases[i].beyond;
        feed(record, 0);
        conn_table_flush(table);
        assert_int_equal(noted, 1);
        assert_int_equal(self.unparsed[SELF_UNPARSED_PIPELINED], cases[i].pipelined);
        assert_int_equal(unparsed(), cases[i].pipelined);
    }
}

static void coalesced_later(void **state)
{
    first(1, GET GET_B GET_C, WHOLE, 0, 0);
    first(2, "", WHOLE WHOLE, 0, RECORD_FLAG_NO_REQUEST); // b and c in one write
    assert_int_equal(noted, 2);
    assert_int_equal(self.unparsed[SELF_UNPARSED_PIPELINED], 1);
    first(3, GET GET_B, WHOLE, 0, 0);
    end(3, 500, "x", 9000, RECORD_FLAG_NEXT); // more bytes of a response that was whole
    assert_int_equal(self.unparsed[SELF_UNPARSED_PIPELINED], 2);
    first(4, GET GET_B, WHOLE, 0, 0);
    first(5, GET, WHOLE, 0, 0); // b was never answered
    assert_int_equal(self.unparsed[SELF_UNPARSED_PIPELINED], 3);
    first(6, GET GET_B, WHOLE, 0, 0);
    end(6, strlen(WHOLE), "", 9000, RECORD_FLAG_CLOSED);
    assert_int_equal(self.unparsed[SELF_UNPARSED_PIPELINED], 4);
    first(7, GET GET_B, WHOLE, 0, RECORD_FLAG_CLOSED);
    assert_int_equal(self.unparsed[SELF_UNPARSED_PIPELINED], 5);
    // Of a longer train only two were captured; the rest shares the second one's write.
    struct http1_record *record = record_make(&room, STR(GET GET_B), STR(WHOLE));
    record->sequence = 8;
    record->request_bytes += 1000;
    feed(record, 0);
    first(9, "", WHOLE WHOLE, 0, RECORD_FLAG_NO_REQUEST);
    assert_int_equal(self.unparsed[SELF_UNPARSED_PIPELINED], 6);
    assert_int_equal(unparsed(), 6);
    assert_int_equal(noted, 9);
}

// More open exchanges than the table holds: reported early, none lost.
static void full(void **state)
{
    for (unsigned i = 0; i < 6; i++) {
        struct http1_record *record = record_make(&room, STR(GET), STR(LONG));
        record->connection = 100 + i;
        feed(record, 0);
    }
    assert_int_equal(noted, 2);
    conn_table_flush(table);
    assert_int_equal(noted, 6);
    for (unsigned i = 0; i < 5; i++) {
        struct http1_record *record = record_make(&room, STR(GET GET_B), STR(WHOLE));
        record->connection = 200 + i;
        feed(record, 0);
    }
    assert_int_equal(noted, 11);
    assert_int_equal(self.unparsed[SELF_UNPARSED_TABLE_FULL], 1);
    conn_table_flush(table);
    assert_int_equal(self.unparsed[SELF_UNPARSED_PIPELINED], 4);
}

// Thousands of open responses, each with the longest heads that are captured: what one takes is bounded, and most of it
// is given back when they are over.
static void memory_of_many(void **state)
{
    char request[HEAD_CAPTURE_MAX + 1] = GET, response[HEAD_CAPTURE_MAX + 1] = LONG;
    memset(request + strlen(GET), 'x', HEAD_CAPTURE_MAX - strlen(GET));
    memset(response + strlen(LONG), 'x', HEAD_CAPTURE_MAX - strlen(LONG));
    conn_table_free(table);
    assert_int_equal(conn_table_new(&table, MANY, processes, &self, drop_span, NULL), 0);
    size_t heap = mallinfo2().arena;
    for (unsigned round = 1; round <= 2; round++) {
        size_t before = mallinfo2().uordblks;
        for (unsigned i = 0; i < MANY; i++) {
            struct http1_record *record = record_make(&room, str_from(request), str_from(response));
            record->connection = i;
            feed(record, 0);
        }
        assert_int_equal(self.spans[SPAN_KIND_SERVER], (round - 1) * MANY);
        if (MALLINFO_COUNTS)
            assert_in_range(mallinfo2().uordblks - before, 1, MANY * OPEN_BYTES_MAX);
        conn_table_flush(table);
        assert_int_equal(self.spans[SPAN_KIND_SERVER], round * MANY);
        assert_in_range(mallinfo2().uordblks, before, before + 8 * OPEN_BYTES_MAX); // what glibc keeps at hand
        assert_in_range(mallinfo2().arena, 0, heap + MANY * OPEN_BYTES_MAX / 4);
    }
}

static void parked(void **state)
{
    const uint64_t s = NS_PER_SEC;
    struct http1_record *record = record_make(&room, STR(GET), STR(LONG));
    record->pid = RECORD_PID + 1;
    feed(record, 10 * s);
    record = record_make(&room, STR(GET_B), STR(WHOLE)); // the same connection, from a process that is known
    record->sequence = 2;
    feed(record, 10 * s + 1);
    conn_table_tick(table, 10 * s + 2);
    assert_int_equal(noted, 0);
    process_add(RECORD_PID + 1);
    conn_table_tick(table, 10 * s + 3);
    assert_int_equal(noted, 2);
    assert_note(0, "/a", 200, 0, 2000);
    assert_note(1, "/b", 200, 5, 2000);
    assert_int_equal(unparsed(), 0);
}

static void parked_too_long(void **state)
{
    const uint64_t s = NS_PER_SEC;
    struct http1_record *record = record_make(&room, STR(GET), STR(WHOLE));
    record->pid = RECORD_PID + 1;
    feed(record, 10 * s);
    record->kind = RECORD_KIND_HTTP1_END;
    feed(record, 10 * s);
    record->kind = RECORD_KIND_HTTP1;
    record->flags = RECORD_FLAG_PENDING; // may have been refused by the loader: no loss
    feed(record, 10 * s);
    conn_table_tick(table, 11 * s - 1);
    assert_int_equal(unparsed(), 0);
    conn_table_tick(table, 11 * s);
    assert_int_equal(self.unparsed[SELF_UNPARSED_UNKNOWN_PROCESS], 1);
    record->flags = 0;
    for (unsigned i = 0; i < 1030; i++)
        feed(record, 20 * s);
    assert_int_equal(self.unparsed[SELF_UNPARSED_UNKNOWN_PROCESS], 1 + 6);
    conn_table_flush(table);
    assert_int_equal(self.unparsed[SELF_UNPARSED_UNKNOWN_PROCESS], 1 + 1030);
    assert_int_equal(noted, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whole_at_once),
        TEST(ends),
        TEST(idle_then_more),
        TEST(next_exchange),
        TEST(head_in_pieces),
        TEST(next_exchange_later),
        TEST(going_on),
        TEST(pipelined_pieces),
        TEST(waiting_times),
        TEST(no_answer),
        TEST(unusable),
        TEST(pipelined),
        TEST(pipelined_bodies),
        TEST(coalesced),
        TEST(coalesced_later),
        TEST(body_like_a_response),
        TEST(full),
        TEST(memory_of_many),
        TEST(parked),
        TEST(parked_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
