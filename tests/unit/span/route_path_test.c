// Paths taken apart.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "collector/span/route_path.h"
#include "common/lib/cleanup.h"

// Segments in brackets, "..." if more follows.
static void path_show(const struct route_path *path, char *text, size_t size)
{
    size_t n = 0;
    text[0] = 0;
    for (unsigned i = 0; i < path->count; i++)
        n += (size_t)snprintf(text + n, size - n, "[" STR_FMT "]", STR_ARG(path->segment[i]));
    if (path->more)
        snprintf(text + n, size - n, "...");
}

static void segments_are_whole_and_decoded(void **state)
{
    static const struct {
        const char *path;
        bool truncated;
        const char *expected; // NULL: no path
    } rows[] = {
        {"/", false, ""},
        {"/users/42", false, "[users][42]"},
        {"/users/42/", false, "[users][42]"},
        {"//users///42//", false, "[users][42]"},
        {"/caf%C3%A9/a%20b", false, "[caf\xc3\xa9][a b]"},
        {"/a%2Fb/c", false, "[a/b][c]"},
        {"/%", false, "[%]"},
        {"/%4", false, "[%4]"},
        {"/%zz/%4g", false, "[%zz][%4g]"},
        {"/%25%32%35", false, "[%25]"},
        {"/cart;jsessionid=1A2B/items;v=1", false, "[cart][items]"},
        {"/;x/a", false, "[a]"},
        {"/users/1234", true, "[users]..."},
        {"/users/1234/", true, "[users][1234]..."},
        {"/users", true, "..."},
        {"/", true, "..."},
        {"", false, NULL},
        {"*", false, NULL},
        {"example.org:443", false, NULL},
    };
    static struct route_path path;
    char text[256];
    for (unsigned i = 0; i < array_size(rows); i++) {
        bool split = route_path_split(str_from(rows[i].path), rows[i].truncated, &path);
        assert_int_equal(split, rows[i].expected != NULL);
        if (!split)
            continue;
        path_show(&path, text, sizeof text);
        assert_string_equal(text, rows[i].expected);
    }
}

static void what_is_too_long_is_left_open(void **state)
{
    static struct route_path path;
    char text[3 * ROUTE_PATH_BYTES_MAX];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? 'a' : '/';
    assert_true(route_path_split((struct str){text, 2 * ROUTE_PATTERN_PLACES}, false, &path));
    assert_int_equal(path.count, ROUTE_PATTERN_PLACES);
    assert_false(path.more);
    assert_true(route_path_split((struct str){text, 2 * ROUTE_PATTERN_PLACES + 2}, false, &path));
    assert_int_equal(path.count, ROUTE_PATTERN_PLACES);
    assert_true(path.more);

    memset(text + 1, 'b', sizeof text - 1); // one long segment
    assert_true(route_path_split((struct str){text, ROUTE_PATH_BYTES_MAX}, false, &path));
    assert_int_equal(path.count, 1);
    assert_true(route_path_split((struct str){text, ROUTE_PATH_BYTES_MAX + 1}, false, &path));
    assert_int_equal(path.count, 0);
    assert_true(path.more);

    for (size_t i = 1; i + 3 <= sizeof text; i += 3)
        memcpy(text + i, "%41", 3);
    assert_true(route_path_split((struct str){text, 1 + 3 * 300}, false, &path));
    assert_int_equal(path.segment[0].n, 300);
    assert_int_equal(path.segment[0].p[299], 'A');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_are_whole_and_decoded),
        cmocka_unit_test(what_is_too_long_is_left_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
