// The kernel's HTTP/1 classifier, compiled in user space: what it takes, what it refuses, and what it waits for.
#include <linux/types.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "bpf/classify/http1.h"

static union first_bytes bytes_of(const char *text, size_t n)
{
    union first_bytes first;
    memset(&first, 0xee, sizeof first); // what lies behind n must not matter
    memcpy(first.byte, text, n < sizeof first ? n : sizeof first);
    return first;
}

static int request_class(const char *text, size_t n)
{
    union first_bytes first = bytes_of(text, n);
    return http1_request_class_of(&first, (__u32)n);
}

static int response_class(const char *text, size_t n)
{
    union first_bytes first = bytes_of(text, n);
    return http1_response_class_of(&first, (__u32)n);
}

static void test_requests(void **state)
{
    static const struct {
        const char *text;
        int class;
    } cases[] = {
        {"GET / HTTP/1.1\r\n", HTTP1_REQUEST},
        {"GET /a/long/path?that=goes&on HTTP/1.1\r\n", HTTP1_REQUEST},
        {"HEAD / HTTP/1.1\r\n", HTTP1_REQUEST},
        {"POST /echo HTTP/1.0\r\n", HTTP1_REQUEST},
        {"PUT /x HTTP/1.1\r\n", HTTP1_REQUEST},
        {"DELETE /x HTTP/1.1\r\n", HTTP1_REQUEST},
        {"PATCH /x HTTP/1.1\r\n", HTTP1_REQUEST},
        {"OPTIONS * HTTP/1.1\r\n", HTTP1_REQUEST},
        {"TRACE / HTTP/1.1\r\n", HTTP1_REQUEST},
        {"QUERY /q HTTP/1.1\r\n", HTTP1_REQUEST},
        {"CONNECT example.org:443 HTTP/1.1\r\n", HTTP1_CONNECT},
        {"GET http://example.org/ HTTP/1.1\r\n", HTTP1_REQUEST},
        {"PROPFIND /dav/ HTTP/1.1\r\n", HTTP1_REQUEST},
        {"get / HTTP/1.1\r\n", HTTP1_REQUEST}, // a method is case-sensitive: another one, but one
        {"M-SEARCH * HTTP/1.1\r\n", HTTP1_REQUEST},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP1_NO},
        {"HTTP/1.1 200 OK\r\n", HTTP1_NO},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", HTTP1_NO},
        {"*3\r\n$3\r\nSET\r\n", HTTP1_NO},
        {"set foo 0 0 3\r\nbar\r\n", HTTP1_NO},
        {"SSH-2.0-OpenSSH_9.2p1\r\n", HTTP1_NO},
        {"EHLO example.org\r\n", HTTP1_NO},
        {" GET / HTTP/1.1\r\n", HTTP1_NO},
        {"AMETHODTHATISTOOLONGTOBEONE /", HTTP1_NO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (request_class(cases[i].text, strlen(cases[i].text)) != cases[i].class)
            fail_msg("%s: class %d", cases[i].text, request_class(cases[i].text, strlen(cases[i].text)));
}

// Cut anywhere, a request is at first "could become one" and then one; it is never refused on the way.
static void test_requests_in_pieces(void **state)
{
    static const char *const requests[] = {"GET / HTTP/1.1\r\n", "POST /echo HTTP/1.1\r\n", "DELETE /x HTTP/1.1\r\n",
                                           "PROPFIND /dav HTTP/1.1\r\n", "CONNECT a.example:443 HTTP/1.1\r\n"};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int last = HTTP1_MORE;
        for (size_t n = 0; n <= strlen(requests[i]); n++) {
            int class = request_class(requests[i], n);
            assert_int_not_equal(class, HTTP1_NO);
            if (last != HTTP1_MORE)
                assert_int_equal(class, last);
            last = class;
        }
        assert_int_not_equal(last, HTTP1_MORE);
    }
    assert_int_equal(request_class("GET /", 5), HTTP1_REQUEST);
    assert_int_equal(request_class("GET ", 4), HTTP1_MORE);
    assert_int_equal(request_class("", 0), HTTP1_MORE);
}

static void test_responses(void **state)
{
    assert_int_equal(response_class("HTTP/1.1 200 OK\r\n", 17), 200);
    assert_int_equal(response_class("HTTP/1.0 404 Not Found\r\n", 24), 404);
    assert_int_equal(response_class("HTTP/1.1 100 Continue\r\n\r\n", 25), 100);
    assert_int_equal(response_class("HTTP/1.1 999 \r\n", 15), 999);
    assert_int_equal(response_class("HTTP/1.1 099 \r\n", 15), HTTP1_NO);
    assert_int_equal(response_class("HTTP/2.0 200 OK\r\n", 17), HTTP1_NO);
    assert_int_equal(response_class("HTTP/1.1 2x0 OK\r\n", 17), HTTP1_NO);
    assert_int_equal(response_class("RTSP/1.0 200 OK\r\n", 17), HTTP1_NO);
    for (size_t n = 0; n < 12; n++)
        assert_int_equal(response_class("HTTP/1.1 200 OK\r\n", n), HTTP1_MORE);
    assert_int_equal(response_class("HTTP/1.1 200", 12), 200);
    assert_int_equal(response_class("HTTX", 4), HTTP1_NO);
}

// Of all three characters that a status can be written with, and of all in front of it, it says what the other one
// says.
static void test_final_answers(void **state)
{
    const __u64 low = HTTP1_WORD('H', 'T', 'T', 'P', '/', '1', '.', '1');

    for (__u32 code = 0; code < 1 << 24; code++) {
        __u64 high = (__u64)code << 8 | ' ';
        if (http1_final_answer(low, high) != (http1_response_class(low, high, 16) >= 200))
            fail_msg("%06x: %d", code, http1_final_answer(low, high));
    }
    for (unsigned c = 0; c < 256; c++)
        assert_int_equal(http1_final_answer(low, HTTP1_WORD(c, '2', '0', '0', ' ', 'O', 'K', 0)), c == ' ');
    assert_true(http1_final_answer(low ^ (__u64)1 << 56, HTTP1_WORD(' ', '2', '0', '0', 0, 0, 0, 0)));
    assert_false(http1_final_answer(low ^ (__u64)1 << 48, HTTP1_WORD(' ', '2', '0', '0', 0, 0, 0, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_requests_in_pieces),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_final_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
