// Patterns: which one a path matches when several could, for which service and direction, and what is ignored.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "collector/conf/route_options.h"
#include "collector/span/route_match.h"

static struct route_config config;
static struct route_match *match;

static void add(const char *service, const char *pattern, bool incoming, bool outgoing, uint8_t ignore)
{
    static struct complaint complaint;
    const struct route_pattern row = {service, pattern, incoming, outgoing, ignore};
    assert_int_equal(route_options_add(&config, &row, "test", &complaint), 0);
}

static void begin(void)
{
    config = (struct route_config){.values_per_segment = 50};
}

static void ready(void)
{
    assert_int_equal(route_match_new(&match, &config), 0);
}

static struct route_found find(const char *text, bool truncated, enum span_kind kind, const char *service)
{
    static struct route_path path;
    assert_true(route_path_split(str_from(text), truncated, &path));
    return route_match_find(match, &path, kind, str_from(service));
}

static void assert_route(const char *path, bool truncated, const char *expected)
{
    struct route_found found = find(path, truncated, SPAN_KIND_SERVER, "shop");
    if (!str_equal(found.route, str_from(expected)))
        print_message("%s: is '" STR_FMT "'\n", path, STR_ARG(found.route));
    assert_true(str_equal(found.route, str_from(expected)));
}

static void the_most_specific_pattern_wins(void **state)
{
    static const char *const patterns[] = {
        "/*",
        "/{page}",
        "/users/{id}",
        "/users/:id/posts",
        "/users/me",
        "/users/me/posts/{post}",
        "/users/{id}/posts/{post}/comments",
        "/static/*",
        "/static/js/{file}.js",
        "/static/js/main.{hash}.js",
        "/static/js/{file}",
        "/v1/{topic}:publish",
        "/v1/{topic}",
        "/a/*/c",
        "/caf%C3%A9",
        "/",
    };
    static const struct {
        const char *path, *expected;
    } rows[] = {
        {"/", "/"},
        {"//", "/"},
        {"/about", "/{page}"},
        {"/users", "/{page}"},
        {"/users/", "/{page}"},
        {"/users/42", "/users/{id}"},
        {"/users/42/", "/users/{id}"},
        {"/users/me", "/users/me"},
        {"/users/Me", "/users/{id}"},
        {"/users/me/posts", "/users/:id/posts"},
        {"/users/me/posts/7", "/users/me/posts/{post}"},
        {"/users/me/posts/7/comments", "/users/{id}/posts/{post}/comments"}, // taken back from me to {id}
        {"/users/me/posts/7/likes", "/*"},
        {"/static", "/static/*"},
        {"/static/", "/static/*"},
        {"/static/css/a.css", "/static/*"},
        {"/static/js/x.js", "/static/js/{file}.js"},
        {"/static/js/.js", "/static/js/{file}"}, // nothing is no name
        {"/static/js/main.1f.js", "/static/js/main.{hash}.js"},
        {"/static/js/x.map", "/static/js/{file}"},
        {"/static/js/x/y", "/static/*"},
        {"/v1/orders:publish", "/v1/{topic}:publish"},
        {"/v1/orders", "/v1/{topic}"},
        {"/a/b/c", "/a/*/c"},
        {"/a/b/d", "/*"},
        {"/caf%c3%a9", "/caf%C3%A9"},
        {"/caf\xc3\xa9", "/caf%C3%A9"},
        {"/users%2F42", "/{page}"}, // no separator
        {"/us%65rs/%34%32", "/users/{id}"},
    };
    begin();
    for (unsigned i = 0; i < array_size(patterns); i++)
        add(NULL, patterns[i], true, false, 0);
    ready();
    for (unsigned i = 0; i < array_size(rows); i++)
        assert_route(rows[i].path, false, rows[i].expected);
    assert_int_equal(find("/about", false, SPAN_KIND_CLIENT, "shop").route.n, 0);
    route_match_free(match);

    begin(); // the order in the file does not matter
    for (unsigned i = array_size(patterns); i-- > 0;)
        add(NULL, patterns[i], true, false, 0);
    ready();
    for (unsigned i = 0; i < array_size(rows); i++)
        assert_route(rows[i].path, false, rows[i].expected);
    route_match_free(match);
}

static void a_path_cut_off_matches_what_is_sure(void **state)
{
    begin();
    add(NULL, "/users/{id}", true, false, 0);
    add(NULL, "/static/*", true, false, 0);
    ready();
    assert_route("/users/42", true, "");
    assert_route("/users/42/", true, "");
    assert_route("/static/a", true, "/static/*");
    assert_route("/static", true, ""); // maybe /statics
    assert_route("/static/", true, "/static/*");
    route_match_free(match);
}

static void services_and_directions(void **state)
{
    begin();
    add(NULL, "/{all}", true, true, 0);
    add("shop", "/{shop}", true, false, 0);
    add("cart", "/x", false, true, 0);
    ready();
    assert_true(str_equal(find("/x", false, SPAN_KIND_SERVER, "shop").route, STR("/{shop}")));
    assert_true(str_equal(find("/x", false, SPAN_KIND_CLIENT, "shop").route, STR("/{all}")));
    assert_true(str_equal(find("/x", false, SPAN_KIND_SERVER, "cart").route, STR("/{all}")));
    assert_true(str_equal(find("/x", false, SPAN_KIND_CLIENT, "cart").route, STR("/x")));
    assert_true(str_equal(find("/y", false, SPAN_KIND_CLIENT, "cart").route, STR("/{all}")));
    assert_true(str_equal(find("/x", false, SPAN_KIND_SERVER, "sho").route, STR("/{all}")));
    route_match_free(match);
}

static void what_is_ignored(void **state)
{
    begin();
    add(NULL, "/health", true, true, ROUTE_SIGNAL_METRICS);
    add(NULL, "/health", true, true, ROUTE_SIGNAL_TRACES);
    add(NULL, "/internal/*", true, false, ROUTE_SIGNAL_TRACES);
    add("shop", "/probe/{n}", true, false, ROUTE_SIGNAL_METRICS);
    add(NULL, "/{page}", true, false, 0);
    ready();
    assert_int_equal(find("/health", false, SPAN_KIND_SERVER, "shop").ignore, 3);
    assert_true(str_equal(find("/health", false, SPAN_KIND_SERVER, "shop").route, STR("/{page}")));
    assert_int_equal(find("/health", false, SPAN_KIND_CLIENT, "shop").ignore, 3);
    assert_int_equal(find("/healthy", false, SPAN_KIND_SERVER, "shop").ignore, 0);
    assert_int_equal(find("/internal", false, SPAN_KIND_SERVER, "shop").ignore, 2);
    assert_int_equal(find("/internal/a/b", false, SPAN_KIND_SERVER, "shop").ignore, 2);
    assert_int_equal(find("/internal/a/b", false, SPAN_KIND_CLIENT, "shop").ignore, 0);
    assert_int_equal(find("/probe/1", false, SPAN_KIND_SERVER, "shop").ignore, 1);
    assert_int_equal(find("/probe/1", false, SPAN_KIND_SERVER, "cart").ignore, 0);
    route_match_free(match);
}

// As many patterns as there may be, that fork at each place, and a path that none of them matches.
static void the_largest_configuration(void **state)
{
    static char texts[ROUTE_PATTERNS_MAX][32];
    begin();
    for (unsigned i = 0; i < ROUTE_PATTERNS_MAX; i++) {
        size_t n = 0;
        for (unsigned bit = 0; bit < 10; bit++)
            n += (size_t)snprintf(texts[i] + n, sizeof texts[i] - n, i >> bit & 1 ? "/a" : "/:b");
        add(NULL, texts[i], true, true, 0);
    }
    ready();
    assert_route("/a/a/a/a/a/a/a/a/a/a", false, "/a/a/a/a/a/a/a/a/a/a");
    assert_route("/a/x/a/a/a/a/a/a/a/x", false, "/a/:b/a/a/a/a/a/a/a/:b");
    assert_route("/a/a/a/a/a/a/a/a/a/a/a", false, "");
    assert_route("/a/a/a/a/a/a/a/a/a", false, "");
    route_match_free(match);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_most_specific_pattern_wins), cmocka_unit_test(a_path_cut_off_matches_what_is_sure),
        cmocka_unit_test(services_and_directions),        cmocka_unit_test(what_is_ignored),
        cmocka_unit_test(the_largest_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
