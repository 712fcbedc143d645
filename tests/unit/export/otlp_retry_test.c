// The retry rules as tables.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <curl/curl.h>
#include "collector/core/clock.h"
#include "collector/export/otlp_retry.h"
#include "common/lib/cleanup.h"

static void judges_answers(void **state)
{
    static const struct {
        int transfer;
        long status;
        enum otlp_verdict verdict;
    } cases[] = {
        {CURLE_OK, 200, OTLP_VERDICT_ACCEPTED},
        {CURLE_OK, 202, OTLP_VERDICT_ACCEPTED},
        {CURLE_OK, 204, OTLP_VERDICT_ACCEPTED},
        {CURLE_OK, 301, OTLP_VERDICT_REFUSED},
        {CURLE_OK, 400, OTLP_VERDICT_REFUSED},
        {CURLE_OK, 401, OTLP_VERDICT_REFUSED},
        {CURLE_OK, 404, OTLP_VERDICT_REFUSED},
        {CURLE_OK, 408, OTLP_VERDICT_REFUSED},
        {CURLE_OK, 413, OTLP_VERDICT_REFUSED},
        {CURLE_OK, 429, OTLP_VERDICT_RETRY},
        {CURLE_OK, 500, OTLP_VERDICT_REFUSED},
        {CURLE_OK, 501, OTLP_VERDICT_REFUSED},
        {CURLE_OK, 502, OTLP_VERDICT_RETRY},
        {CURLE_OK, 503, OTLP_VERDICT_RETRY},
        {CURLE_OK, 504, OTLP_VERDICT_RETRY},
        {CURLE_OK, 505, OTLP_VERDICT_REFUSED},
        {CURLE_COULDNT_CONNECT, 0, OTLP_VERDICT_RETRY},
        {CURLE_COULDNT_RESOLVE_HOST, 0, OTLP_VERDICT_RETRY},
        {CURLE_OPERATION_TIMEDOUT, 0, OTLP_VERDICT_RETRY},
        {CURLE_GOT_NOTHING, 0, OTLP_VERDICT_RETRY},
        {CURLE_RECV_ERROR, 0, OTLP_VERDICT_RETRY},
        {CURLE_WRITE_ERROR, 200, OTLP_VERDICT_REFUSED}, // the answer is too long
        {CURLE_PEER_FAILED_VERIFICATION, 0, OTLP_VERDICT_RETRY},
        {CURLE_URL_MALFORMAT, 0, OTLP_VERDICT_REFUSED},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        assert_int_equal(
            otlp_retry_judge(&(struct otlp_answer){.transfer = cases[i].transfer, .status = cases[i].status}),
            cases[i].verdict);
}

// The gRPC codes 0 ... 16: a for accepted, x for refused, r for retried.
static void judges_grpc(void **state)
{
    static const char plain[] = "arxxrxxxxxrrxxrrx", with_retry_info[] = "arxxrxxxrxrrxxrrx";
    for (int status = 0; status <= 16; status++)
        for (unsigned info = 0; info < 2; info++) {
            const struct otlp_answer answer = {.status = 200, .grpc = true, .grpc_status = status, .retry_info = info};
            char expected = (info ? with_retry_info : plain)[status];
            enum otlp_verdict verdict = otlp_retry_judge(&answer);
            assert_int_equal(verdict, expected == 'a'   ? OTLP_VERDICT_ACCEPTED
                                      : expected == 'r' ? OTLP_VERDICT_RETRY
                                                        : OTLP_VERDICT_REFUSED);
        }
}

static void delays_grow_with_jitter(void **state)
{
    static const struct {
        unsigned attempt;
        uint32_t random;
        uint64_t retry_after_ms, delay_ms;
    } cases[] = {
        {0, 0, 0, 500},   {0, 500, 0, 1000},  {0, 999, 0, 1499},      {0, 1000, 0, 500},         {1, 0, 0, 750},
        {2, 0, 0, 1125},  {8, 0, 0, 12814},   {9, 0, 0, 15000},       {100000, 0, 0, 15000},     {9, 999, 0, 44970},
        {0, 0, 400, 500}, {0, 0, 2000, 2000}, {0, 500, 60000, 60000}, {0, 0, 99999999, 3600000},
    };
    for (size_t i = 0; i < array_size(cases); i++)
        assert_int_equal(otlp_retry_delay(cases[i].attempt, cases[i].retry_after_ms * NS_PER_MS, cases[i].random) /
                             NS_PER_MS,
                         cases[i].delay_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_answers),
        cmocka_unit_test(judges_grpc),
        cmocka_unit_test(delays_grow_with_jitter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
