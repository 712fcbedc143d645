// Values as people write them: tables of text and what is read.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "collector/conf/value.h"

static void test_number(void **state)
{
    static const struct {
        const char *text;
        uint64_t min, max;
        int64_t expected; // -1: refused
    } rows[] = {
        {"1", 1, 65535, 1},
        {"65535", 1, 65535, 65535},
        {"65536", 1, 65535, -1},
        {"0", 1, 65535, -1},
        {"", 0, 9, -1},
        {"-1", 0, 9, -1},
        {"+1", 0, 9, -1},
        {" 1", 0, 9, -1},
        {"1 ", 0, 9, -1},
        {"0x1", 0, 9, -1},
        {"9", 0, 5, -1},
        {"007", 0, 9, 7},
        {"99999999999999999999", 0, INT64_MAX, -1},
        {"9223372036854775807", 0, INT64_MAX, INT64_MAX},
        {"18446744073709551616", 0, UINT64_MAX, -1},
        {"1.5", 0, 9, -1},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        uint64_t number = 4711;
        int r = value_number(str_from(rows[i].text), rows[i].min, rows[i].max, &number);
        assert_int_equal(r, rows[i].expected < 0 ? -22 : 0);
        assert_int_equal(number, rows[i].expected < 0 ? 4711 : rows[i].expected);
    }
}

static void test_listen(void **state)
{
    static const struct {
        const char *text;
        const char *address; // NULL: localhost
        int port;            // -1: refused
    } rows[] = {
        {"8999", NULL, 8999},
        {":8999", "", 8999},
        {"127.0.0.1:80", "127.0.0.1", 80},
        {"localhost:80", NULL, 80},
        {"[::1]:80", "::1", 80},
        {"[::]:65535", "::", 65535},
        {"0.0.0.0:1", "0.0.0.0", 1},
        {"0", NULL, -1},
        {"65536", NULL, -1},
        {"", NULL, -1},
        {":", NULL, -1},
        {"host:80", NULL, -1},
        {"::1:80", NULL, -1},
        {"[]:80", NULL, -1},
        {"[127.0.0.1]:80", NULL, -1},
        {"[::1]", NULL, -1},
        {"127.0.0.1", NULL, -1},
        {"80:", NULL, -1},
        {"127.0.0.1.9:80", NULL, -1},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        struct str address = STR("before");
        uint16_t port = 0;
        int r = value_listen(rows[i].text, &address, &port);
        assert_int_equal(r, rows[i].port < 0 ? -22 : 0);
        if (r < 0)
            continue;
        assert_int_equal(port, rows[i].port);
        assert_int_equal(address.p != NULL, rows[i].address != NULL);
        assert_true(str_equal(address, str_from(rows[i].address)));
    }
}

static void test_list(void **state)
{
    struct str list = STR(" a, b c ,,\td,"), item;
    assert_true(value_list_next(&list, &item) && str_equal(item, STR("a")));
    assert_true(value_list_next(&list, &item) && str_equal(item, STR("b c")));
    assert_true(value_list_next(&list, &item) && str_equal(item, STR("d")));
    assert_false(value_list_next(&list, &item));
    list = (struct str){0};
    assert_false(value_list_next(&list, &item));
}

static void test_percent(void **state)
{
    static const struct {
        const char *text, *expected; // NULL: refused
    } rows[] = {
        {"plain", "plain"}, {"a%20b%2Cc%3d", "a b,c="},
        {"%41", "A"},       {"", ""},
        {"%", NULL},        {"%4", NULL},
        {"%zz", NULL},      {"x%00y", NULL},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        char text[32];
        size_t n = strlen(rows[i].text);
        memcpy(text, rows[i].text, n);
        assert_int_equal(value_percent_decode(text, n, &n), rows[i].expected ? 0 : -22);
        if (rows[i].expected)
            assert_true(str_equal((struct str){text, n}, str_from(rows[i].expected)));
    }
}

static void test_boolean_and_ratio(void **state)
{
    bool truth = false;
    double ratio = 9;
    assert_int_equal(value_boolean("TRUE", &truth), 0);
    assert_true(truth);
    assert_int_equal(value_boolean("1", &truth), -22);
    assert_int_equal(value_boolean_go("1", &truth), 0);
    assert_true(truth);
    assert_int_equal(value_boolean_go("False", &truth), 0);
    assert_false(truth);
    assert_int_equal(value_boolean_go("yes", &truth), -22);
    assert_int_equal(value_ratio("0.25", &ratio), 0);
    assert_true(ratio == 0.25);
    assert_int_equal(value_ratio("1.01", &ratio), -22);
    assert_int_equal(value_ratio("nan", &ratio), -22);
    assert_int_equal(value_ratio("-0.5", &ratio), -22);
    assert_int_equal(value_ratio("", &ratio), -22);
}

static void test_url_and_header(void **state)
{
    static const char *const good[] = {"http://127.0.0.1:4318", "HTTPS://otel.example/x/", "http://[::1]:4318"};
    static const char *const bad[] = {"",           "127.0.0.1:4318", "grpc://x",  "http://",
                                      "http:///v1", "http://a b",     "http://a#b"};
    for (unsigned i = 0; i < array_size(good); i++)
        assert_int_equal(value_url(good[i]), 0);
    for (unsigned i = 0; i < array_size(bad); i++)
        assert_int_equal(value_url(bad[i]), -22);
    assert_int_equal(value_header(STR("X-Scope-OrgID"), STR("tenant one")), 0);
    assert_int_equal(value_header(STR("X Y"), STR("v")), -22);
    assert_int_equal(value_header(STR(""), STR("v")), -22);
    assert_int_equal(value_header(STR("X"), STR("a\r\nEvil: 1")), -22);
}

static void test_duration(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
        const char *written;
    } rows[] = {
        {"0", 0, "0s"},
        {"0s", 0, "0s"},
        {"60s", 60000000000, "1m"},
        {"1h30m", 5400000000000, "1h30m"},
        {"500ms", 500000000, "500ms"},
        {"1d2h3m4s5ms6us7ns", 93784005006007, "1d2h3m4s5ms6us7ns"},
        {"90m", 5400000000000, "1h30m"},
        {"213503d", 18446659200000000000u, "213503d"},
    };
    static const char *const bad[] = {"",    "60",   "s",       "1.5s", "-1s",         "1 s",
                                      "1s ", "5min", "213504d", "1h5",  "99999999999d"};
    char written[VALUE_DURATION_SIZE];
    uint64_t ns = 0;
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(value_duration(str_from(rows[i].text), &ns), 0);
        assert_int_equal(ns, rows[i].ns);
        value_duration_write(ns, written);
        assert_string_equal(written, rows[i].written);
    }
    for (unsigned i = 0; i < array_size(bad); i++)
        assert_int_equal(value_duration(str_from(bad[i]), &ns), -22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number),         cmocka_unit_test(test_duration),
        cmocka_unit_test(test_listen),         cmocka_unit_test(test_list),
        cmocka_unit_test(test_percent),        cmocka_unit_test(test_boolean_and_ratio),
        cmocka_unit_test(test_url_and_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
