// Which attributes rules leave: of a metric under either name, of spans, with includes, excludes and both.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "collector/conf/attribute_selection.h"

#define DURATION "http.server.request.duration", "http_server_request_duration_seconds"
#define SIZE     "http.server.request.body.size", "http_server_request_body_size_bytes"
#define TRACES   ATTRIBUTE_TRACES, ATTRIBUTE_TRACES

static struct attribute_selection selection;
static struct complaint complaint;

static void rule(const char *target, const char *attribute, bool exclude)
{
    const struct attribute_rule row = {target, attribute, exclude};
    assert_int_equal(attribute_selection_add(&selection, &row, "test", &complaint), 0);
}

static void without_rules_the_default_holds(void **state)
{
    selection.count = 0;
    assert_true(attribute_selected(&selection, DURATION, "http.route", true));
    assert_false(attribute_selected(&selection, DURATION, "url.path", false));
}

static void excludes_take_away(void **state)
{
    static const char *const targets[] = {"http.server.*", "http_server_request_duration_seconds", "*.duration",
                                          "http.server.request.duration"};
    for (unsigned i = 0; i < array_size(targets); i++) {
        selection.count = 0;
        rule(targets[i], i % 2 ? "http_route" : "http.route", true);
        assert_false(attribute_selected(&selection, DURATION, "http.route", true));
        assert_true(attribute_selected(&selection, DURATION, "http.request.method", true));
        assert_true(attribute_selected(&selection, "http.client.request.body.size",
                                       "http_client_request_body_size_bytes", "http.route", true));
        assert_true(attribute_selected(&selection, TRACES, "http.route", true));
    }
}

static void includes_are_all_there_is(void **state)
{
    selection.count = 0;
    rule("http.server.*", "http.*", false);
    rule("http.server.*", "url_path", false);
    rule("*", "http.route", true);
    assert_true(attribute_selected(&selection, SIZE, "http.request.method", true));
    assert_true(attribute_selected(&selection, SIZE, "url.path", false));
    assert_false(attribute_selected(&selection, SIZE, "server.port", true));
    assert_false(attribute_selected(&selection, SIZE, "http.route", true));
    assert_true(attribute_selected(&selection, TRACES, "http.route", true)); // * is of metrics
}

static void spans_have_rules_of_their_own(void **state)
{
    selection.count = 0;
    rule("traces", "url.query", true);
    rule("traces", "client.*", true);
    assert_false(attribute_selected(&selection, TRACES, "url.query", true));
    assert_false(attribute_selected(&selection, TRACES, "client.port", true));
    assert_true(attribute_selected(&selection, TRACES, "url.path", true));
    assert_true(attribute_selected(&selection, DURATION, "client.address", true));
}

static void rules_are_checked(void **state)
{
    char text[200];
    memset(text, 'a', sizeof text);
    text[199] = 0;
    selection.count = 0;
    complaint.error[0] = 0;
    assert_int_equal(attribute_selection_add(&selection, &(struct attribute_rule){"", "a", false}, "k", &complaint),
                     -22);
    assert_string_equal(complaint.error, "k: expected the name of a metric, a glob of such names, or traces");
    complaint.error[0] = 0;
    assert_int_equal(attribute_selection_add(&selection, &(struct attribute_rule){"a", text, false}, "k", &complaint),
                     -22);
    assert_string_equal(complaint.error, "k: expected the name of an attribute or a glob");
    complaint.error[0] = 0;
    for (unsigned i = 0; i < ATTRIBUTE_RULES_MAX; i++)
        rule("a", "b", false);
    assert_int_equal(attribute_selection_add(&selection, &(struct attribute_rule){"a", "b", false}, "k", &complaint),
                     -22);
    assert_string_equal(complaint.error, "k: expected at most 256 attributes in all");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rules_the_default_holds),
        cmocka_unit_test(excludes_take_away),
        cmocka_unit_test(includes_are_all_there_is),
        cmocka_unit_test(spans_have_rules_of_their_own),
        cmocka_unit_test(rules_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
