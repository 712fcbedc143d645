// Passwords against bcrypt hashes, on a real loop and the real thread: verdicts, what is remembered, and the bounds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/core/clock.h"
#include "collector/export/web_auth.h"

// Of "secret" and "other", at the lowest cost.
static char hash[64], other[64];

struct bench {
    struct loop *loop;
    struct web_auth *auth;
};

static void verdict_keep(void *waiter, enum web_verdict verdict)
{
    *(enum web_verdict *)waiter = verdict;
}

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench || loop_new(&bench->loop) < 0 || web_auth_new(&bench->auth, bench->loop, verdict_keep) < 0)
        return -1;
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    web_auth_free(bench->auth);
    loop_free(bench->loop);
    free(bench);
    return 0;
}

static void wait_verdict(struct bench *bench, enum web_verdict *verdict)
{
    for (uint64_t end = clock_monotonic_ns() + 10 * NS_PER_SEC; *verdict == WEB_PENDING && clock_monotonic_ns() < end;)
        assert_int_equal(loop_run_once(bench->loop, 20 * NS_PER_MS), 0);
}

// Asks until there is a verdict. ret_at_once: it was there without a wait.
static enum web_verdict ask(struct bench *bench, const char *user, const char *user_hash, const char *password,
                            bool *ret_at_once)
{
    enum web_verdict verdict = WEB_PENDING, now;
    now = web_auth_ask(bench->auth, user, user_hash, hash, password, &verdict);
    *ret_at_once = now != WEB_PENDING;
    if (now != WEB_PENDING)
        return now;
    wait_verdict(bench, &verdict);
    return verdict;
}

static void verdicts(void **state)
{
    static const struct {
        const char *user, *hash, *password;
        enum web_verdict verdict;
        bool at_once;
    } rows[] = {
        {"alice", hash, "secret", WEB_GRANTED, false},
        {"alice", hash, "secret", WEB_GRANTED, true},
        {"alice", hash, "Secret", WEB_DENIED, false},
        {"alice", hash, "Secret", WEB_DENIED, true},
        {"alice", hash, "", WEB_DENIED, false},
        {"bob", hash, "secret", WEB_GRANTED, false},   // another user is asked anew
        {"alice", other, "secret", WEB_DENIED, false}, // the password was changed
        {"alice", other, "other", WEB_GRANTED, false},
        {"nobody", NULL, "secret", WEB_DENIED, false}, // fits the dummy, and is nobody's
        {"nobody", NULL, "secret", WEB_DENIED, true},
        {"alice", hash, "secret", WEB_GRANTED, true},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        bool at_once;
        assert_int_equal(ask(*state, rows[i].user, rows[i].hash, rows[i].password, &at_once), rows[i].verdict);
        assert_int_equal(at_once, rows[i].at_once);
    }
    char huge[1000];
    bool at_once;
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = 0;
    assert_int_equal(ask(*state, "alice", hash, huge, &at_once), WEB_DENIED);
    assert_true(at_once);
}

// 16 may wait; a wrong password costs a rest, so that guesses are few; a remembered reader does not feel them.
static void guesses(void **state)
{
    struct bench *bench = *state;
    enum web_verdict verdict[20];
    unsigned waiting = 0, busy = 0, finished = 0;
    bool at_once;
    assert_int_equal(ask(bench, "alice", hash, "secret", &at_once), WEB_GRANTED);
    for (unsigned i = 0; i < array_size(verdict); i++) {
        char guess[16];
        snprintf(guess, sizeof guess, "guess%u", i);
        verdict[i] = WEB_PENDING;
        enum web_verdict now = web_auth_ask(bench->auth, "alice", hash, hash, guess, &verdict[i]);
        waiting += now == WEB_PENDING;
        busy += now == WEB_BUSY;
    }
    assert_in_range(waiting, 16, 17); // the thread may have taken one
    assert_int_equal(waiting + busy, array_size(verdict));
    for (uint64_t end = clock_monotonic_ns() + NS_PER_SEC; clock_monotonic_ns() < end;)
        assert_int_equal(loop_run_once(bench->loop, 20 * NS_PER_MS), 0);
    for (unsigned i = 0; i < array_size(verdict); i++)
        finished += verdict[i] == WEB_DENIED;
    assert_in_range(finished, 1, 6);
    assert_int_equal(ask(bench, "alice", hash, "secret", &at_once), WEB_GRANTED);
    assert_true(at_once);
    web_auth_free(bench->auth); // who still waits is told
    bench->auth = NULL;
    for (unsigned i = 0; i < waiting; i++)
        assert_true(verdict[i] == WEB_DENIED || verdict[i] == WEB_BUSY);
}

int main(void)
{
    struct crypt_data scratch = {0};
    snprintf(hash, sizeof hash, "%s", crypt_r("secret", "$2y$04$abcdefghijklmnopqrstuu", &scratch));
    snprintf(other, sizeof other, "%s", crypt_r("other", "$2b$04$abcdefghijklmnopqrstuu", &scratch));
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(verdicts, setup, teardown),
                                       cmocka_unit_test_setup_teardown(guesses, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
