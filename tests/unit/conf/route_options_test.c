// Route patterns as people write them: which are accepted, and what is said of the others.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "collector/conf/route_options.h"

static void patterns_are_checked(void **state)
{
    static const struct {
        const char *pattern, *problem; // NULL: accepted
    } rows[] = {
        {"/", NULL},
        {"/users/{id}", NULL},
        {"/users/:id", NULL},
        {"/users/{id}/", NULL},
        {"/static/*", NULL},
        {"/static/**", NULL},
        {"/*", NULL},
        {"/**", NULL},
        {"/a/*/b", NULL},
        {"//a", NULL},
        {"/files/{name}.json", NULL},
        {"/v{version}/topics/{topic}:publish", NULL},
        {"/items/{id:int}", NULL},
        {"/caf%C3%A9", NULL},
        {"", "expected a leading /"},
        {"users", "expected a leading /"},
        {"GET /users", "expected a leading /"},
        {"/a b", "expected a path, without spaces, control characters, ? and #"},
        {"/a?b=c", "expected a path, without spaces, control characters, ? and #"},
        {"/a\x7f", "expected a path, without spaces, control characters, ? and #"},
        {"/:", "expected a name after :"},
        {"/{}", "expected a name in {}"},
        {"/{a", "expected at most one {name} in a segment"},
        {"/a}", "expected at most one {name} in a segment"},
        {"/}a{", "expected at most one {name} in a segment"},
        {"/{a}-{b}", "expected at most one {name} in a segment"},
        {"/{{a}}", "expected at most one {name} in a segment"},
        {"/static*", "expected * to stand for whole segments, as in /static/*"},
        {"/***", "expected * to stand for whole segments, as in /static/*"},
        {"/**/b", "expected ** at the end only"},
        {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24", NULL},
        {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25", "expected at most 24 segments"},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        const char *problem = route_options_problem(rows[i].pattern);
        if (!rows[i].problem)
            assert_null(problem);
        else
            assert_string_equal(problem, rows[i].problem);
    }
    char text[ROUTE_PATTERN_TEXT_MAX + 2] = "/";
    memset(text + 1, 'a', ROUTE_PATTERN_TEXT_MAX - 1);
    assert_null(route_options_problem(text));
    text[ROUTE_PATTERN_TEXT_MAX] = 'a';
    assert_string_equal(route_options_problem(text), "expected at most 127 bytes");
}

static void patterns_are_added_up_to_the_maximum(void **state)
{
    static struct route_config config;
    static struct complaint complaint;
    const struct route_pattern pattern = {.pattern = "/users/{id}", .incoming = true};
    const struct route_pattern bad = {.pattern = "users", .incoming = true};
    assert_int_equal(route_options_add(&config, &bad, "--route", &complaint), -22);
    assert_string_equal(complaint.error, "--route users: expected a leading /");
    for (unsigned i = 0; i < ROUTE_PATTERNS_MAX; i++)
        assert_int_equal(route_options_add(&config, &pattern, "--route", &complaint), 0);
    complaint.error[0] = 0;
    assert_int_equal(route_options_add(&config, &pattern, "--route", &complaint), -22);
    assert_string_equal(complaint.error, "--route /users/{id}: more than 1024 patterns in all");
    assert_int_equal(config.count, ROUTE_PATTERNS_MAX);
}

static void unmatched_is_one_of_four(void **state)
{
    enum route_unmatched unmatched = ROUTE_UNMATCHED_MAX;
    assert_int_equal(route_options_unmatched("Heuristic", &unmatched), 0);
    assert_int_equal(unmatched, ROUTE_UNMATCHED_HEURISTIC);
    assert_int_equal(route_options_unmatched("unset", &unmatched), 0);
    assert_int_equal(unmatched, ROUTE_UNMATCHED_UNSET);
    assert_int_equal(route_options_unmatched("wildcard", &unmatched), 0);
    assert_int_equal(unmatched, ROUTE_UNMATCHED_WILDCARD);
    assert_int_equal(route_options_unmatched("path", &unmatched), 0);
    assert_int_equal(unmatched, ROUTE_UNMATCHED_PATH);
    assert_int_equal(route_options_unmatched("low-cardinality", &unmatched), -22);
    assert_int_equal(route_options_unmatched("", &unmatched), -22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_are_checked),
        cmocka_unit_test(patterns_are_added_up_to_the_maximum),
        cmocka_unit_test(unmatched_is_one_of_four),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
