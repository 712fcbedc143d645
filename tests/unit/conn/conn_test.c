// Records in, spans out: what is finished when, what is counted instead.
#include <malloc.h>
#include "unit/conn/conn_bench.h"

#define MANY           4000
#define OPEN_BYTES_MAX 464 // an entry's exchange: see unfinished.h
#if defined __SANITIZE_ADDRESS__ || defined __clang__ // which builds for the fuzzer, with its sanitizers
#define MALLINFO_COUNTS false // its allocator counts nothing
#else
#define MALLINFO_COUNTS true
#endif

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whole_at_once),        TEST(ends),     TEST(idle_then_more), TEST(next_exchange), TEST(head_in_pieces),
        TEST(next_exchange_later),  TEST(going_on), TEST(waiting_times),  TEST(no_answer),     TEST(unusable),
        TEST(body_like_a_response), TEST(full),     TEST(memory_of_many), TEST(parked),        TEST(parked_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
