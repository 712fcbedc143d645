// Several requests in one read, several responses in one write: which belongs to which.
#include "unit/conn/conn_bench.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pipelined), TEST(pipelined_pieces), TEST(pipelined_bodies), TEST(coalesced), TEST(coalesced_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
