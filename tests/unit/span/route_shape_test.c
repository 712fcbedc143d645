// Segments one by one: what stays and what becomes {id}. How often it is right: route_quality_test.c.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "collector/span/route_shape.h"
#include "common/lib/cleanup.h"

static struct str shape(const char *segment, const char *previous, unsigned index, bool last)
{
    static char scratch[ROUTE_SHAPE_MAX];
    return route_shape(&(struct route_shape_place){str_from(segment), str_from(previous), index, last}, scratch);
}

static void assert_shape(const char *segment, struct str seen, const char *expected)
{
    if (!str_equal(seen, str_from(expected)))
        print_message("%s: is " STR_FMT "\n", segment, STR_ARG(seen));
    assert_true(str_equal(seen, str_from(expected)));
}

static void identifiers_become_id(void **state)
{
    static const char *const segments[] = {
        "0",
        "42",
        "123456789012",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "6BA7B8109DAD11D180B400C04FD430C8",
        "6dcb09b",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "507f1f77bcf86cd799439011",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "2C9nYx8QdMbBkUu4o6QdJ3hPZ1r",
        "V1StGXR8_Z5jdHi6B-myT",
        "cjld2cjxh0000qzrmn831i7rn",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
        "dGVzdEBleGFtcGxlLmNvbQ",
        "MTIzNDU2Nzg5MA==",
        "kZqXwVbTnRmLpS",
        "2024-01-15",
        "2024-01-15T10:30:00Z",
        "1700000000",
        "jane.doe@example.com",
        "+14155552671",
        "192.168.1.17",
        "2001:db8::1",
        "00:1B:44:11:3A:B7",
        "52.5200,13.4050",
        "1.2.3",
        "v1.2.3",
        "ORD-2024-000123",
        "PROJ-1234",
        "cus_NffrFeUfNV2Hib",
        "user-17",
        "web-6d4cf56db6-x7x2p",
        "0x7fffa3c2",
        "sha256:e3b0c44298fc",
        "978-3-16-148410-0",
        "why-is-processing-a-sorted-array-faster",
        "top-10-places-to-see",
        "640x480",
        "xkcdqzvw",
        "deadbeef",
        "CAFEBABE",
        "\xf0\x9f\x94\xa5",
        "\xe5\x95\x86\xe5\x93\x81",
        "a\x01z",
        "{id}",
        "a|b",
        "a/b",
        "%zz",
        "v1571218039",
    };
    for (unsigned i = 0; i < array_size(segments); i++)
        assert_shape(segments[i], shape(segments[i], "things", 3, true), "{id}");
    char text[90];
    memset(text, 'a', sizeof text);
    for (unsigned i = 4; i < 81; i += 5)
        text[i] = '_';
    assert_shape("long", shape("short", "x", 1, true), "short");
    text[89] = 0;
    assert_shape("long", shape(text, "x", 1, true), "{id}");
}

static void names_stay(void **state)
{
    static const char *const segments[] = {
        "users",
        "api",
        "v1",
        "v2beta1",
        "V3",
        "v1.41",
        "xhr",
        "healthz",
        "orderManagement",
        "order-management",
        "order_management",
        "OrderService",
        "resetPassword",
        "getURLById",
        "OAuth",
        "chat.postMessage",
        "_search",
        "-",
        "@me",
        "$expand",
        ".well-known",
        "openid-configuration",
        "en-US",
        "pt_BR",
        "zh-Hans",
        "USD",
        "eu-central-1",
        "us-central1-a",
        "oauth2",
        "base64",
        "sha256",
        "k8s",
        "i18n",
        "ipv6",
        "phpmyadmin",
        "facade",
        "page2",
        "rbac.authorization.k8s.io",
        "mutatingwebhookconfigurations",
        "com.example.shop.v1.CartService",
        "favicon.ico",
        "jquery.min.js",
        "apple-touch-icon-180x180.png",
        "robots.txt",
        "index.php",
        "terms-of-service",
        "mark-all-as-read",
        "a",
    };
    for (unsigned i = 0; i < array_size(segments); i++)
        assert_shape(segments[i], shape(segments[i], "things", 3, true), segments[i]);
}

static void parts_that_stay_with_an_identifier(void **state)
{
    static const struct {
        const char *segment, *expected;
    } rows[] = {
        {"10045.jpg", "{id}.jpg"},
        {"main.8f3b2c1d.chunk.js", "{id}.js"},
        {"dump-20240115.sql.gz", "{id}.gz"},
        {"a1b2c3.unknown", "{id}"},
        {"SM1f0e8ae6ade43cb3.json", "{id}.json"},
        {"Products(17)", "Products({id})"},
        {"orders-42:publish", "{id}:publish"},
        {"orders:publish", "orders:publish"},
        {"42:17", "{id}"},
        {".json", ".json"},
        {"@", "@"},
        {"()", "{id}"},
        {":", "{id}"},
    };
    for (unsigned i = 0; i < array_size(rows); i++)
        assert_shape(rows[i].segment, shape(rows[i].segment, "x", 2, true), rows[i].expected);
}

static void numbers_that_are_versions(void **state)
{
    static const struct {
        const char *segment, *previous;
        unsigned index;
        bool last;
        const char *expected;
    } rows[] = {
        {"2", "", 0, false, "2"},
        {"2", "", 0, true, "{id}"},
        {"12", "", 0, false, "{id}"},
        {"3", "api", 2, false, "3"},
        {"3", "api", 2, true, "{id}"},
        {"31", "api", 2, false, "{id}"},
        {"3", "users", 2, false, "{id}"},
        {"1.1", "", 0, false, "1.1"},
        {"1.0", "agile", 2, false, "1.0"},
        {"1.0", "agile", 2, true, "{id}"},
        {"2010-04-01", "", 0, false, "2010-04-01"},
        {"2024-01", "api", 2, false, "2024-01"},
        {"2024-01", "reports", 2, false, "{id}"},
    };
    for (unsigned i = 0; i < array_size(rows); i++)
        assert_shape(rows[i].segment, shape(rows[i].segment, rows[i].previous, rows[i].index, rows[i].last),
                     rows[i].expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identifiers_become_id),
        cmocka_unit_test(names_stay),
        cmocka_unit_test(parts_that_stay_with_an_identifier),
        cmocka_unit_test(numbers_that_are_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
