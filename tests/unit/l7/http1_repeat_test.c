// Header blocks that were seen before mean what they meant: the same result as from reading them, cut at every byte,
// whatever follows the head, and with all texts in the input at hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collector/l7/http1_headers.h"
#include "collector/l7/http1_repeat.h"
#include "common/lib/cleanup.h"

#define TIMES 12 // more than it takes to be remembered

static const char *const blocks[] = {
    "Host: a\r\nUser-Agent: b\r\n\r\n",
    "Host: localhost:8080\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n",
    "Host: localhost:8080\r\nUser-Agent: curl/9\r\nAccept: */*\r\n\r\n",
    "Content-Type: application/json\r\nContent-Length: 16\r\n\r\n",
    "Content-Type: application/json\r\nContent-Length: 17\r\n\r\n",
    "Content-Type: application/json\r\nContent-Length: 17\r\nContent-Length: 18\r\n\r\n",
    "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
    "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=1\r\nb3: 0\r\n\r\n",
    "X-B3-TraceId: 1\r\nX-B3-SpanId: 2\r\nX-B3-Sampled: 1\r\nX-B3-Flags: 0\r\n\r\n",
    "Forwarded: for=192.0.2.43;proto=https;host=shop\r\nHost:\r\n\r\n",
    "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop\r\n\r\n",
    "no header at all, and no end",
};

static void headers_compare(const struct http1_headers *got, const char *from, const struct http1_headers *expected,
                            const char *expected_from)
{
    const size_t texts[] = {
        offsetof(struct http1_headers, host),           offsetof(struct http1_headers, user_agent),
        offsetof(struct http1_headers, traceparent),    offsetof(struct http1_headers, tracestate),
        offsetof(struct http1_headers, b3.single),      offsetof(struct http1_headers, b3.trace_id),
        offsetof(struct http1_headers, b3.span_id),     offsetof(struct http1_headers, b3.sampled),
        offsetof(struct http1_headers, b3.flags),       offsetof(struct http1_headers, forwarded_proto),
        offsetof(struct http1_headers, forwarded_host), offsetof(struct http1_headers, forwarded_for)};
    assert_int_equal(got->content_length, expected->content_length);
    assert_int_equal(got->chunked, expected->chunked);
    assert_int_equal(got->close, expected->close);
    assert_int_equal(got->keep_alive, expected->keep_alive);
    assert_int_equal(got->upgrade, expected->upgrade);
    for (size_t i = 0; i < array_size(texts); i++) {
        const struct str *a = (const struct str *)((const char *)got + texts[i]);
        const struct str *b = (const struct str *)((const char *)expected + texts[i]);
        assert_int_equal(a->n, b->n);
        if (a->n)
            assert_int_equal(a->p - from, b->p - expected_from);
    }
}

// The text in memory of its own, so that a slice of an earlier one would be seen.
static void block_check(const char *text, size_t n)
{
    struct http1_headers got = {.content_length = HTTP1_LENGTH_UNKNOWN}, expected = got;
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    const char *cursor = copy, *plain_cursor = text;
    bool complete = http1_repeat_parse(&cursor, copy + n, &got);
    assert_int_equal(complete, http1_headers_parse(&plain_cursor, text + n, &expected));
    assert_int_equal(cursor - copy, plain_cursor - text);
    headers_compare(&got, copy, &expected, text);
    free(copy);
}

static void the_same_again(void **state)
{
    for (unsigned time = 0; time < TIMES; time++)
        for (size_t i = 0; i < array_size(blocks); i++)
            block_check(blocks[i], strlen(blocks[i]));
}

static void cut_at_every_byte(void **state)
{
    for (size_t i = 0; i < array_size(blocks); i++)
        for (size_t n = 0; n <= strlen(blocks[i]); n++)
            for (unsigned time = 0; time < TIMES; time++)
                block_check(blocks[i], n);
}

static void what_follows_does_not_count(void **state)
{
    char text[256];
    for (size_t i = 0; i + 1 < array_size(blocks); i++)
        for (unsigned time = 0; time < 2 * TIMES; time++) {
            size_t n = strlen(blocks[i]);
            memcpy(text, blocks[i], n);
            memset(text + n, 'A' + (int)time, sizeof text - n);
            block_check(text, n + time * 5);
        }
}

// One byte of a known block is another one.
static void one_byte_makes_another_block(void **state)
{
    char text[256];
    for (size_t i = 0; i < array_size(blocks); i++)
        for (size_t at = 0; at < strlen(blocks[i]); at++) {
            size_t n = strlen(blocks[i]);
            memcpy(text, blocks[i], n);
            for (unsigned time = 0; time < 6; time++)
                block_check(text, n);
            text[at] ^= 1;
            block_check(text, n);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_again),
        cmocka_unit_test(cut_at_every_byte),
        cmocka_unit_test(what_follows_does_not_count),
        cmocka_unit_test(one_byte_makes_another_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
