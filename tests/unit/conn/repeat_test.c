// Exchanges that say the same as one before: their spans are, field by field, those of a table that remembers nothing.
// Made-up records changed at one place each, and all recordings of tests/replay, played again and again.
#include "tests/unit/conn/conn_bench.h"

#include "tests/unit/conn/span_text.h"
#include "tests/unit/recordings.h"

#define TIMES 20 // more than one in so many is kept

// One that remembers, one that is made to forget before each record.
struct side {
    struct conn_table *table;
    struct self self;
    struct span_text text;
    unsigned spans, alike; // those that were recognised
    uint64_t likeness;     // of the record's one, if there was one
};

static struct side sides[2];

static void span_note(void *context, const struct span *span)
{
    struct side *side = context;
    side->spans++;
    side->alike += span->likeness != 0;
    side->likeness = span->likeness;
    span_text_add(&side->text, span);
}

static const struct propagators both = {.count = 2, .order = {PROPAGATOR_B3, PROPAGATOR_TRACECONTEXT}};

static void sides_open(const struct propagators *propagators)
{
    assert_int_equal(process_table_new(&processes, NULL, "h", 64), 0);
    for (unsigned i = 0; i < 2; i++) {
        sides[i] = (struct side){0};
        assert_int_equal(conn_table_new(&sides[i].table, 64, processes, &sides[i].self, span_note, &sides[i]), 0);
        conn_table_propagators(sides[i].table, propagators);
    }
}

static void sides_close(void)
{
    for (unsigned i = 0; i < 2; i++)
        conn_table_free(sides[i].table);
    process_table_free(processes);
}

static void sides_compare(void)
{
    assert_true(span_text_same(&sides[0].text, &sides[1].text));
    assert_memory_equal(&sides[0].self, &sides[1].self, sizeof sides[0].self);
    sides[0].text.n = sides[1].text.n = 0;
}

static void both_feed(const struct http1_record *record, const struct propagators *propagators, uint64_t now)
{
    sides[0].likeness = 0;
    conn_table_record(sides[0].table, record, now);
    conn_table_propagators(sides[1].table, propagators);
    conn_table_record(sides[1].table, record, now);
    assert_int_equal(sides[1].likeness, 0);
    sides_compare();
}

#define TRACED                                                                                                         \
    "POST /a/b?c=d HTTP/1.1\r\nHost: shop.example:81\r\nTraceparent: "                                                 \
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nTracestate: a=b\r\nX-Forwarded-For: 192.0.2.7\r\n"     \
    "Content-Length: 3\r\n\r\nabc"
#define DATED "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 14:02:11 GMT\r\nContent-Length: 5\r\n\r\nhello"

static struct http1_record *traced_record(void)
{
    struct http1_record *record = record_make(&room, STR(TRACED), STR(DATED));
    process_add(RECORD_PID);
    process_add(RECORD_PID + 1);
    return record;
}

static void both_learn(const struct propagators *propagators)
{
    for (unsigned i = 0; i < TIMES; i++)
        both_feed(traced_record(), propagators, i);
    assert_true(sides[0].likeness != 0);
}

// What the record says in place of `text`, which is as long.
static void replace(struct http1_record *record, const char *text, const char *with)
{
    size_t n = strlen(text);
    char *at = memmem(record->data, record->size - sizeof *record, text, n);
    assert_non_null(at);
    assert_int_equal(strlen(with), n);
    memcpy(at, with, n);
}

// Texts that are changed in the heads; known: it says the same all the same.
static void other_heads_are_other_exchanges(void **state)
{
    static const struct {
        const char *text, *with;
        bool known;
    } cases[] = {
        {"/a/b?c=d", "/a/b?c=e", false},
        {"/a/b?c=d", "/a/x?c=d", false},
        {"shop.example:81", "shop.example:82", false},
        {"POST", "HEAD", false},
        {"0af7651916cd", "1af7651916cd", true},
        {"0af7651916cd", "gaf7651916cd", true},
        {"-01\r\n", "-00\r\n", true},
        {"00-0af7651916cd43dd", " 0-0af7651916cd43dd", true},
        {"80319c-b7ad6b7169203331-01", "80319c\r\nContent-Length: 11", false},
        {"80319c-b7ad6b7169203331-01", "80319c-0000000000000000-01", true},
        {"Traceparent", "Traceparenz", false},
        {"a=b", "c=d", false},
        {"192.0.2.7", "192.0.2.8", false},
        {"Content-Length: 3", "Content-Length: 2", false},
        {"\r\n\r\nabc", "\r\n\r\nxyz", true},
        {"14:02:11 GMT", "14:02:12 GMT", true},
        {"2026 14:02:11 GMT", "2026 \nanything:11", false},
        {"200 OK", "500 OK", false},
        {"Date", "Dote", false},
        {"Content-Length: 5", "Content-Length: 6", false},
        {"Content-Length: 5", "Content-Length: 4", false},
        {"hello", "hullo", true},
    };
    static const struct propagators *const read[] = {&propagators_default, &both, NULL};
    for (size_t i = 0; i < array_size(cases); i++)
        for (size_t j = 0; j < array_size(read); j++) {
            sides_open(read[j]);
            both_learn(read[j]);
            uint64_t before = sides[0].likeness;
            struct http1_record *record = traced_record();
            replace(record, cases[i].text, cases[i].with);
            both_feed(record, read[j], TIMES);
            assert_int_equal(sides[0].likeness, cases[i].known ? before : 0);
            both_feed(traced_record(), read[j], TIMES + 1); // a Content-Length of 6 left something waiting
            sides_close();
        }
}

#define LAST_CHUNK "\r\n0\r\n\r\n"

// A chunked response is judged by its last bytes if it is longer than its capture, else by its body: `text` in it is
// replaced, or it ends otherwise.
static void chunked_responses_end_alike(void **state)
{
    static const struct {
        const char *rest, *tail, *text, *with, *other_tail;
        unsigned more;
        bool known;
    } cases[] = {
        {"xxxxxxx", "x" LAST_CHUNK, "hello", "hello", "x" LAST_CHUNK, 500, true},
        {"xxxxxxx", "x" LAST_CHUNK, "hello", "hello", "y" LAST_CHUNK, 500, true},
        {"xxxxxxx", "x" LAST_CHUNK, "hello", "hullo", "x" LAST_CHUNK, 500, true},
        {"xxxxxxx", "x" LAST_CHUNK, "hello", "hello", "x\r\n1\r\n\r\n", 500, false},
        {LAST_CHUNK, "", "hello", "hello", "", 0, true},
        {LAST_CHUNK, "", "hello", "hullo", "", 0, false},
        {LAST_CHUNK, "", "0\r\n\r\n", "1\r\n\r\n", "", 0, false},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        char response[128];
        uint64_t before = 0;
        snprintf(response, sizeof response, CHUNKED "5\r\nhello%s", cases[i].rest);
        sides_open(&propagators_default);
        process_add(RECORD_PID);
        for (unsigned times = 0; times <= TIMES; times++) {
            bool last = times == TIMES;
            struct http1_record *record =
                record_make(&room, STR("GET /a HTTP/1.1\r\nHost: chunked.example\r\n\r\n"), str_from(response));
            const char *tail = last ? cases[i].other_tail : cases[i].tail;
            record->response_bytes += cases[i].more;
            memcpy(record->tail, tail, strlen(tail));
            replace(record, cases[i].text, last ? cases[i].with : cases[i].text);
            before = sides[0].likeness;
            both_feed(record, &propagators_default, times);
        }
        assert_true(before != 0);
        assert_int_equal(sides[0].likeness, cases[i].known ? before : 0);
        sides_close();
    }
}

#define FACT(name, new_value, is_known)                                                                                \
    {                                                                                                                  \
        .what = #name, .offset = offsetof(struct http1_record, name),                                                  \
        .size = sizeof(((struct http1_record *)0)->name), .value = new_value, .known = is_known                        \
    }

static void other_facts_are_other_exchanges(void **state)
{
    static const struct {
        const char *what;
        size_t offset, size;
        uint64_t value;
        bool known;
    } cases[] = {
        FACT(sequence, 99, true),
        FACT(connection, 99, true),
        FACT(emitted, 99, true),
        FACT(arrived, 1, true),
        FACT(arrived, 0, true),
        FACT(started, 3500, true),
        FACT(started, 0, true),
        FACT(responded, 99, true),
        FACT(ended, 999, true),
        FACT(ended, UINT64_MAX, true),
        FACT(remote_port, 1, true),
        FACT(remote_address, 99, true),
        FACT(netns, 99, true),
        FACT(local_port, 1, false),
        FACT(local_address, 99, false),
        FACT(role, RECORD_ROLE_CLIENT, false),
        FACT(family, AF_INET6, false),
        FACT(flags, RECORD_FLAG_REQUEST_ENDS, false),
        FACT(flags, RECORD_FLAG_CLOSED, false),
        FACT(flags, RECORD_FLAG_NO_RESPONSE, false),
        FACT(flags, RECORD_FLAG_NO_REQUEST, false),
        FACT(kind, RECORD_KIND_HTTP1_END, false),
        FACT(request_bytes, 300, false),
        FACT(response_bytes, 300, false),
        FACT(response_bytes, 50, false),
        FACT(request_captured, 100, false),
        FACT(response_captured, 20, false),
        FACT(socket_error, 104, false),
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        sides_open(&propagators_default);
        both_learn(&propagators_default);
        uint64_t before = sides[0].likeness;
        struct http1_record *record = traced_record();
        memcpy((uint8_t *)record + cases[i].offset, &cases[i].value,
               cases[i].size < sizeof cases[i].value ? cases[i].size : sizeof cases[i].value);
        both_feed(record, &propagators_default, TIMES);
        if (cases[i].known != (sides[0].likeness == before))
            fail_msg("%s=%" PRIu64, cases[i].what, cases[i].value);
        both_feed(traced_record(), &propagators_default, TIMES + 1);
        sides_close();
    }
}

// Each process has its spans; series do not care which it was.
static void processes_are_told_apart_in_spans(void **state)
{
    static const struct propagators *const read[] = {&propagators_default, NULL};
    for (size_t i = 0; i < array_size(read); i++) {
        sides_open(read[i]);
        both_learn(read[i]);
        struct http1_record *record = traced_record();
        record->pid++;
        both_feed(record, read[i], TIMES);
        assert_int_equal(sides[0].likeness == 0, read[i] != NULL);
        sides_close();
    }
}

// Among many others, which push each other out.
static void many_exchanges_are_kept_apart(void **state)
{
    char request[128];
    sides_open(&propagators_default);
    process_add(RECORD_PID);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned which = i * i % 211;
        snprintf(request, sizeof request, "GET /a/%u HTTP/1.1\r\nHost: h%u.example\r\nAccept: */*\r\n\r\n", which,
                 which % 7);
        both_feed(record_make(&room, str_from(request), which % 2 ? STR(WHOLE) : STR(DATED)), &propagators_default, i);
    }
    assert_true(sides[0].alike > 2000);
    sides_close();
}

static void event_play(void *context, const struct recording_event *event)
{
    if (event->kind == RECORDING_PROCESS)
        assert_int_equal(process_table_update(processes, &event->process), 0);
    else if (event->kind == RECORDING_RECORD)
        both_feed(event->record, context, event->time_ns);
    else if (event->kind == RECORDING_TICK)
        for (unsigned i = 0; i < 2; i++)
            conn_table_tick(sides[i].table, event->time_ns);
    sides_compare();
}

struct count {
    unsigned spans, alike;
};

static void file_play(void *context, const char *path)
{
    static const struct propagators *const read[] = {&propagators_default, &both, NULL};
    struct count *count = context;
    for (size_t i = 0; i < array_size(read); i++) {
        sides_open(read[i]);
        for (unsigned times = 0; times < TIMES; times++)
            assert_true(recording_play(path, event_play, (void *)read[i]));
        count->spans += sides[0].spans;
        count->alike += sides[0].alike;
        sides_close();
    }
}

static void recordings_give_the_same(void **state)
{
    struct count count = {0};
    assert_true(recordings_each(file_play, &count) > 5);
    assert_true(count.alike > count.spans / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_heads_are_other_exchanges), cmocka_unit_test(other_facts_are_other_exchanges),
        cmocka_unit_test(chunked_responses_end_alike),     cmocka_unit_test(processes_are_told_apart_in_spans),
        cmocka_unit_test(many_exchanges_are_kept_apart),   cmocka_unit_test(recordings_give_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
