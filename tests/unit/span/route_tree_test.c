// Learned routes: the bound of values at a place, what stays when it is passed, and the bounds of the whole.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "collector/core/clock.h"
#include "collector/span/route_tree.h"

#define VALUES 10

static struct route_tree *tree;

static int begin(void **state)
{
    return route_tree_new(&tree, VALUES);
}

static int end(void **state)
{
    route_tree_free(tree);
    return 0;
}

// path: "/a/b" of places; "/**" at its end: more follows. Returns the route.
static const char *learn_of(uint32_t key, const char *path, bool unsure)
{
    static char text[256];
    struct route_places places = {.unsure = unsure};
    for (const char *at = path; *at;) {
        size_t n = strcspn(++at, "/");
        if (n == 2 && at[0] == '*')
            places.more = true;
        else if (n)
            places.place[places.count++] = (struct str){at, n};
        at += n;
    }
    struct str route = route_tree_hit(tree, route_tree_learn(tree, key, &places));
    snprintf(text, sizeof text, STR_FMT, STR_ARG(route));
    return text;
}

static const char *learn(const char *path)
{
    return learn_of(0, path, false);
}

static const char *learn_number(const char *format, unsigned i)
{
    char path[256];
    snprintf(path, sizeof path, format, i);
    return learn(path);
}

static void few_values_stay(void **state)
{
    assert_string_equal(learn("/"), "/");
    assert_string_equal(learn("/users"), "/users");
    assert_string_equal(learn("/users/{id}"), "/users/{id}");
    assert_string_equal(learn("/users/{id}/posts"), "/users/{id}/posts");
    assert_string_equal(learn("/users/**"), "/users/**");
    assert_string_equal(learn("/**"), "/**");
    for (unsigned i = 0; i < VALUES; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "/wiki/page%u", i);
        assert_string_equal(learn_number("/wiki/page%u", i), expected);
    }
    assert_int_equal(route_tree_generation(tree), 0);
}

static void too_many_values_become_one(void **state)
{
    for (unsigned i = 0; i < VALUES; i++)
        learn_number("/wiki/page%u/history", i);
    assert_string_equal(learn("/wiki/another/history"), "/wiki/{id}/history");
    assert_int_equal(route_tree_generation(tree), 1);
    assert_string_equal(learn("/wiki/page0/history"), "/wiki/{id}/history");
    assert_string_equal(learn("/wiki/page0"), "/wiki/{id}");
    for (unsigned i = 0; i < 1000; i++)
        assert_string_equal(learn_number("/wiki/x%u", i), "/wiki/{id}");
    assert_int_equal(route_tree_generation(tree), 1);
}

static void what_is_often_asked_for_stays(void **state)
{
    for (unsigned i = 0; i < 40; i++) {
        learn("/users/me/settings");
        learn("/users/search");
    }
    for (unsigned i = 0; i < 100; i++)
        learn_number("/users/name%u", i);
    assert_string_equal(learn("/users/me/settings"), "/users/me/settings");
    assert_string_equal(learn("/users/search"), "/users/search");
    assert_string_equal(learn("/users/name7"), "/users/{id}");
    assert_string_equal(learn("/users/name7/settings"), "/users/{id}/settings");
}

static void services_do_not_mix(void **state)
{
    for (unsigned i = 0; i < 100; i++)
        learn_number("/a%u", i);
    assert_string_equal(learn("/users"), "/{id}");
    assert_string_equal(learn_of(1, "/users", false), "/users");
    assert_string_equal(learn_of(100000, "/users", false), "/**");
}

// Guesses get a quarter of a place's values, and then nothing of their own.
static void guesses_do_not_fill_a_place(void **state)
{
    char path[32];
    unsigned kept = 0;
    assert_string_equal(learn("/shop/cart"), "/shop/cart");
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "/admin%u/setup.php", i);
        kept += strcmp(learn_of(0, path, true), "/**") != 0;
    }
    assert_int_equal(kept, 2); // of 3, with /shop
    assert_int_equal(route_tree_generation(tree), 0);
    assert_string_equal(learn_of(0, "/shop/cart", true), "/shop/cart");
    assert_string_equal(learn_of(0, "/shop/cart/{id}", true), "/shop/cart/{id}");
    assert_string_equal(learn("/orders"), "/orders");
}

static void long_routes_end_open(void **state)
{
    char path[200] = "/";
    memset(path + 1, 'a', 60);
    path[61] = '/';
    memset(path + 62, 'b', 60);
    strcpy(path + 122, "/c/d");
    const char *route = learn(path);
    assert_int_equal(strlen(route), ROUTE_TREE_TEXT);
    strcpy(path + 124, "/**"); // "/c" had room
    assert_string_equal(route, path);
    memset(path + 1, 'a', 150);
    path[151] = 0;
    assert_string_equal(learn(path), "/**");
}

// Every place has few values, but there are many places.
static void all_is_bounded(void **state)
{
    char path[128];
    for (unsigned i = 0; i < 200000; i++) {
        unsigned n = i * 2654435761u;
        snprintf(path, sizeof path, "/s%u/t%u/u%u/v%u/w%u", n >> 28 & 7, n >> 24 & 7, n >> 20 & 7, n >> 16 & 7,
                 n >> 12 & 7);
        const char *route = learn_of(i % 40, path, false);
        assert_true(route[0] == '/');
        assert_true(strlen(route) <= ROUTE_TREE_TEXT);
    }
    unsigned different = 0;
    char seen[64][128];
    for (unsigned i = 0; i < 20000; i++) {
        unsigned n = i * 2654435761u;
        snprintf(path, sizeof path, "/s%u/t%u/u%u/v%u/w%u", n >> 28 & 7, n >> 24 & 7, n >> 20 & 7, n >> 16 & 7,
                 n >> 12 & 7);
        const char *route = learn_of(0, path, false);
        unsigned j = 0;
        while (j < different && strcmp(seen[j], route) != 0)
            j++;
        if (j == different && different < 64)
            strcpy(seen[different++], route);
    }
    assert_in_range(different, 1, 63);
}

// Chains of places with one value each leave nothing that is worth collapsing: a flood of them must stay cheap, and a
// service that comes later still finds some room.
static void a_flood_of_deep_paths(void **state)
{
    char path[128];
    uint64_t begin_ns = clock_monotonic_ns();
    for (unsigned i = 0; i < 200000; i++) {
        snprintf(path, sizeof path, "/{id}/k%u/l%u/m%u/n%u/o%u/p%u", i % 7, i, i, i, i, i);
        learn_of(i % 20, path, false);
    }
    double seconds = (double)(clock_monotonic_ns() - begin_ns) / NS_PER_SEC;
    if (seconds > 2)
        print_message("%.1f s for 200,000 paths\n", seconds);
    assert_true(seconds < 20); // 100 us each, on a loaded machine with sanitizers
    for (unsigned i = 0; i < 200; i++)
        learn_of(30, "/orders/{id}", false);
    assert_string_equal(learn_of(30, "/orders/{id}", false), "/orders/{id}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(few_values_stay, begin, end),
        cmocka_unit_test_setup_teardown(too_many_values_become_one, begin, end),
        cmocka_unit_test_setup_teardown(what_is_often_asked_for_stays, begin, end),
        cmocka_unit_test_setup_teardown(services_do_not_mix, begin, end),
        cmocka_unit_test_setup_teardown(guesses_do_not_fill_a_place, begin, end),
        cmocka_unit_test_setup_teardown(long_routes_end_open, begin, end),
        cmocka_unit_test_setup_teardown(all_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(a_flood_of_deep_paths, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
