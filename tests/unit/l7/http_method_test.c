// Methods by name, and the operator's list in place of the default.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include "collector/l7/http_method.h"

static enum http_method shown(struct str name)
{
    return http_method_shown(http_method_find(name), name);
}

static void the_default(void **state)
{
    static const char *const names[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"};
    for (size_t i = 0; i < array_size(names); i++) {
        enum http_method method = shown(str_from(names[i]));
        assert_int_equal(method, HTTP_METHOD_GET + i);
        assert_string_equal(http_method_name(method), names[i]);
    }
    static const char *const others[] = {"", "get", "Get", "GETS", "GE", "PROPFIND", "_OTHER"};
    for (size_t i = 0; i < array_size(others); i++)
        assert_int_equal(shown(str_from(others[i])), HTTP_METHOD_OTHER);
    assert_string_equal(http_method_name(HTTP_METHOD_OTHER), "_OTHER");
    assert_string_equal(http_method_name(HTTP_METHOD_MAX), "_OTHER");
}

// A full override: what is not on the list is _OTHER, GET too.
static void a_list(void **state)
{
    assert_int_equal(http_method_know(STR("PROPFIND, POST ,Report")), 0);
    assert_string_equal(http_method_name(shown(STR("PROPFIND"))), "PROPFIND");
    assert_string_equal(http_method_name(shown(STR("Report"))), "Report");
    assert_int_equal(shown(STR("POST")), HTTP_METHOD_POST);
    assert_int_equal(shown(STR("REPORT")), HTTP_METHOD_OTHER);
    assert_int_equal(shown(STR("GET")), HTTP_METHOD_OTHER);
    assert_int_equal(http_method_find(STR("GET")), HTTP_METHOD_GET); // what it means is another matter
    assert_int_not_equal(shown(STR("PROPFIND")), shown(STR("Report")));
}

static void what_is_no_list(void **state)
{
    static const char *const bad[] = {
        ",", "GET,,PUT", "G ET", "GET;PUT", " ", "A\xff", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG"};
    assert_int_equal(http_method_know(STR("LIST")), 0);
    for (size_t i = 0; i < array_size(bad); i++)
        assert_int_equal(http_method_know(str_from(bad[i])), -EINVAL);
    assert_string_equal(http_method_name(shown(STR("LIST"))), "LIST"); // unchanged
    char many[256] = "A";
    for (unsigned i = 1; i < HTTP_METHODS_KNOWN_MAX; i++)
        strcat(many, ",B");
    assert_int_equal(http_method_know(str_from(many)), 0);
    strcat(many, ",C");
    assert_int_equal(http_method_know(str_from(many)), -EINVAL);
    assert_int_equal(http_method_know(STR("")), 0);
    assert_int_equal(shown(STR("GET")), HTTP_METHOD_GET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default),
        cmocka_unit_test(a_list),
        cmocka_unit_test(what_is_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
