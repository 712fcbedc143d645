// gRPC's frame and status, as tables: what an endpoint may send, and what it comes to.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include "collector/core/clock.h"
#include "collector/export/otlp_grpc.h"
#include "common/lib/cleanup.h"

// google.rpc.Status{code: 14, details: [Any{RetryInfo{retry_delay: {seconds: 2, nanos: 500000000}}}]}
#define RETRY_2500_MS "CA4aNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIAhCAyrXuAQ"
// The same with RetryInfo{} and with another detail.
#define RETRY_EMPTY "CA4aLAoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIA"
#define OTHER       "CA4aBQoBeBIA"

static void headers_give_the_status(void **state)
{
    static const struct {
        const char *line;
        int status;
        bool retry_info;
        uint64_t retry_after_ms;
        const char *message;
    } cases[] = {
        {"grpc-status: 0\r\n", 0, false, 0, ""},
        {"Grpc-Status:14\r\n", 14, false, 0, ""},
        {"grpc-status: 16", 16, false, 0, ""},
        {"grpc-status: 99\r\n", 99, false, 0, ""},
        {"grpc-status: 100\r\n", OTLP_GRPC_UNKNOWN, false, 0, ""},
        {"grpc-status: -1\r\n", OTLP_GRPC_UNKNOWN, false, 0, ""},
        {"grpc-status:\r\n", OTLP_GRPC_UNKNOWN, false, 0, ""},
        {"grpc-status\r\n", OTLP_GRPC_ABSENT, false, 0, ""},
        {"x-grpc-status: 3\r\n", OTLP_GRPC_ABSENT, false, 0, ""},
        {"", OTLP_GRPC_ABSENT, false, 0, ""},
        {":\r\n", OTLP_GRPC_ABSENT, false, 0, ""},
        {"grpc-message: no%20room%21\r\n", OTLP_GRPC_ABSENT, false, 0, "no room!"},
        {"grpc-message: 100%\r\n", OTLP_GRPC_ABSENT, false, 0, "100%"},
        {"grpc-message: %zz%4\r\n", OTLP_GRPC_ABSENT, false, 0, "%zz%4"},
        {"grpc-message: a%00b\r\n", OTLP_GRPC_ABSENT, false, 0, "a%00b"},
        {"grpc-status-details-bin: " RETRY_2500_MS "\r\n", OTLP_GRPC_ABSENT, true, 2500, ""},
        {"grpc-status-details-bin: " RETRY_EMPTY "\r\n", OTLP_GRPC_ABSENT, true, 0, ""},
        {"grpc-status-details-bin: " OTHER "==\r\n", OTLP_GRPC_ABSENT, false, 0, ""},
        {"grpc-status-details-bin: !!!\r\n", OTLP_GRPC_ABSENT, false, 0, ""},
        {"grpc-status-details-bin: AAAA\r\n", OTLP_GRPC_ABSENT, false, 0, ""},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct otlp_grpc_answer answer;
        otlp_grpc_answer_init(&answer);
        otlp_grpc_header(&answer, str_from(cases[i].line));
        assert_int_equal(answer.status, cases[i].status);
        assert_int_equal(answer.retry_info, cases[i].retry_info);
        assert_int_equal(answer.retry_after_ns, cases[i].retry_after_ms * NS_PER_MS);
        assert_string_equal(answer.message, cases[i].message);
    }
}

static void long_texts_are_cut(void **state)
{
    static char line[8192] = "grpc-message: ", details[8192] = "grpc-status-details-bin: ";
    struct otlp_grpc_answer answer;
    otlp_grpc_answer_init(&answer);
    memset(line + 14, 'x', 5000);
    memset(details + 25, 'A', 5000);
    otlp_grpc_header(&answer, str_from(line));
    otlp_grpc_header(&answer, str_from(details));
    assert_int_equal(strlen(answer.message), OTLP_GRPC_MESSAGE_MAX - 1);
    assert_false(answer.retry_info);
}

static void http_statuses_have_a_meaning(void **state)
{
    static const struct {
        long http;
        int grpc;
    } cases[] = {
        {200, OTLP_GRPC_UNKNOWN},           {400, OTLP_GRPC_INTERNAL},      {401, OTLP_GRPC_UNAUTHENTICATED},
        {403, OTLP_GRPC_PERMISSION_DENIED}, {404, OTLP_GRPC_UNIMPLEMENTED}, {415, OTLP_GRPC_UNKNOWN},
        {429, OTLP_GRPC_UNAVAILABLE},       {431, OTLP_GRPC_INTERNAL},      {500, OTLP_GRPC_UNKNOWN},
        {502, OTLP_GRPC_UNAVAILABLE},       {503, OTLP_GRPC_UNAVAILABLE},   {504, OTLP_GRPC_UNAVAILABLE},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        assert_int_equal(otlp_grpc_status_of_http(cases[i].http), cases[i].grpc);
}

static void frames(void **state)
{
    static const struct {
        struct str body;
        bool message;
        size_t n;
    } cases[] = {
        {STR(""), false, 0},
        {STR("\0\0\0\0"), false, 0},
        {STR("\0\0\0\0\0"), true, 0},
        {STR("\0\0\0\0\2ab"), true, 2},
        {STR("\0\0\0\0\2a"), false, 0},          // cut off
        {STR("\0\0\0\0\2abc"), false, 0},        // more behind it
        {STR("\1\0\0\0\2ab"), false, 0},         // compressed, which we did not offer
        {STR("\0\377\377\377\377ab"), false, 0}, // longer than anything
    };
    uint8_t prefix[OTLP_GRPC_PREFIX_SIZE];
    for (size_t i = 0; i < array_size(cases); i++) {
        struct str message = otlp_grpc_unframe(cases[i].body);
        assert_int_equal(message.n, cases[i].n);
        if (cases[i].message)
            assert_ptr_equal(message.p, cases[i].body.p + OTLP_GRPC_PREFIX_SIZE);
    }
    otlp_grpc_prefix(prefix, false, 0x01020304);
    assert_memory_equal(prefix, "\0\1\2\3\4", 5);
    otlp_grpc_prefix(prefix, true, 7);
    assert_memory_equal(prefix, "\1\0\0\0\7", 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_give_the_status),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(http_statuses_have_a_meaning),
        cmocka_unit_test(frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
