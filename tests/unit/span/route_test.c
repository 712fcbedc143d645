// The router: what each choice gives, what is remembered, and another configuration while it runs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "collector/conf/route_options.h"
#include "collector/span/route.h"

static struct service shop = {.name = "shop"}, cart = {.name = "cart", .index = 1};
static struct process shop_process = {.pid = 1, .service = &shop}, cart_process = {.pid = 2, .service = &cart};
static struct route_config config;
static struct router *router;

static void add(const char *service, const char *pattern, uint8_t ignore)
{
    static struct complaint complaint;
    const struct route_pattern row = {service, pattern, true, ignore != 0, ignore};
    assert_int_equal(route_options_add(&config, &row, "test", &complaint), 0);
}

static void begin(enum route_unmatched unmatched)
{
    config = (struct route_config){.values_per_segment = 50};
    config.unmatched = unmatched;
    add(NULL, "/users/{id}", 0);
    add("cart", "/items/{item}", 0);
    add(NULL, "/health", ROUTE_SIGNAL_METRICS | ROUTE_SIGNAL_TRACES);
    assert_int_equal(router_new(&router, &config), 0);
}

static struct span routed(const struct process *process, enum span_kind kind, const char *path, uint16_t status)
{
    struct span span = {.kind = kind, .process = process, .path = str_from(path), .status = status, .route = STR("")};
    router_span(router, &span);
    return span;
}

// Twice: looked at, and remembered.
static void assert_route(const char *path, const char *expected)
{
    for (unsigned i = 0; i < 2; i++) {
        struct span span = routed(&shop_process, SPAN_KIND_SERVER, path, 200);
        if (!str_equal(span.route, str_from(expected)))
            print_message("%s: is '" STR_FMT "'\n", path, STR_ARG(span.route));
        assert_true(str_equal(span.route, str_from(expected)));
    }
}

static void what_no_pattern_matches(void **state)
{
    static const char *const expected[ROUTE_UNMATCHED_MAX][4] = {
        [ROUTE_UNMATCHED_UNSET] = {"/users/{id}", "", "", ""},
        [ROUTE_UNMATCHED_WILDCARD] = {"/users/{id}", "/**", "/**", ""},
        [ROUTE_UNMATCHED_PATH] = {"/users/{id}", "/items/7", "/", ""},
        [ROUTE_UNMATCHED_HEURISTIC] = {"/users/{id}", "/items/{id}", "/", ""},
    };
    for (unsigned i = 0; i < ROUTE_UNMATCHED_MAX; i++) {
        begin(i);
        assert_route("/users/42", expected[i][0]);
        assert_route("/items/7", expected[i][1]);
        assert_route("/", expected[i][2]);
        assert_route("*", expected[i][3]);
        router_free(router);
    }
}

static void each_service_and_direction_its_own(void **state)
{
    begin(ROUTE_UNMATCHED_UNSET);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(routed(&shop_process, SPAN_KIND_SERVER, "/items/7", 200).route.n, 0);
        assert_true(str_equal(routed(&cart_process, SPAN_KIND_SERVER, "/items/7", 200).route, STR("/items/{item}")));
        assert_int_equal(routed(&cart_process, SPAN_KIND_CLIENT, "/items/7", 200).route.n, 0);
    }
    router_free(router);
}

static void what_is_ignored_is_marked(void **state)
{
    begin(ROUTE_UNMATCHED_UNSET);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(routed(&shop_process, SPAN_KIND_SERVER, "/health", 200).ignored, 3);
        assert_int_equal(routed(&shop_process, SPAN_KIND_CLIENT, "/health", 200).ignored, 3);
        assert_int_equal(routed(&shop_process, SPAN_KIND_SERVER, "/healthz", 200).ignored, 0);
    }
    router_free(router);
}

// A remembered route is not shown once its place varies, though the same path comes again.
static void what_was_learned_may_change(void **state)
{
    char path[64];
    begin(ROUTE_UNMATCHED_HEURISTIC);
    assert_route("/wiki/physics", "/wiki/physics");
    for (unsigned i = 0; i < 5 * 50; i++) {
        snprintf(path, sizeof path, "/wiki/%c%ctopic", 'a' + i / 26 % 26, 'a' + i % 26);
        routed(&shop_process, SPAN_KIND_SERVER, path, 200);
    }
    assert_route("/wiki/physics", "/wiki/{id}");
    assert_true(str_equal(routed(&cart_process, SPAN_KIND_SERVER, "/wiki/physics", 200).route, STR("/wiki/physics")));
    assert_true(str_equal(routed(&shop_process, SPAN_KIND_CLIENT, "/wiki/physics", 200).route, STR("/wiki/physics")));
    router_free(router);
}

static void a_scanner_does_not_teach(void **state)
{
    char path[64];
    begin(ROUTE_UNMATCHED_HEURISTIC);
    assert_route("/cart/checkout", "/cart/checkout");
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "/%c%cadmin/setup.php", 'a' + i / 26 % 26, 'a' + i % 26);
        routed(&shop_process, SPAN_KIND_SERVER, path, 404);
    }
    assert_route("/cart/checkout", "/cart/checkout");
    assert_route("/orders", "/orders");
    assert_true(str_equal(routed(&shop_process, SPAN_KIND_SERVER, "/superadmin/setup.php", 404).route, STR("/**")));
    assert_true(str_equal(routed(&shop_process, SPAN_KIND_SERVER, "/cart/checkout", 404).route, STR("/cart/checkout")));
    router_free(router);
}

static void a_path_cut_off_ends_open(void **state)
{
    begin(ROUTE_UNMATCHED_HEURISTIC);
    struct span span = {.process = &shop_process, .path = STR("/api/orders/1234"), .truncated = true, .status = 200};
    router_span(router, &span);
    assert_true(str_equal(span.route, STR("/api/orders/**")));
    span.path = STR("/users/1");
    router_span(router, &span);
    assert_true(str_equal(span.route, STR("/users/**")));
    router_free(router);
}

static void another_configuration(void **state)
{
    begin(ROUTE_UNMATCHED_HEURISTIC);
    assert_route("/items/7/sold", "/items/{id}/sold");
    for (unsigned i = 0; i < 2 * 50; i++) {
        char path[64];
        snprintf(path, sizeof path, "/wiki/%c%ctopic", 'a' + i / 26 % 26, 'a' + i % 26);
        routed(&shop_process, SPAN_KIND_SERVER, path, 200);
    }
    add(NULL, "/items/:n/sold", 0);
    assert_int_equal(router_configure(router, &config), 0);
    assert_route("/items/7/sold", "/items/:n/sold");
    assert_route("/wiki/another", "/wiki/{id}"); // what was learned stays
    config = (struct route_config){.values_per_segment = 50};
    assert_int_equal(router_configure(router, &config), 0);
    assert_route("/items/7/sold", "");
    assert_route("/users/42", "");
    router_free(router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_pattern_matches),   cmocka_unit_test(each_service_and_direction_its_own),
        cmocka_unit_test(what_is_ignored_is_marked), cmocka_unit_test(what_was_learned_may_change),
        cmocka_unit_test(a_scanner_does_not_teach),  cmocka_unit_test(a_path_cut_off_ends_open),
        cmocka_unit_test(another_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
