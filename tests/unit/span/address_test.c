// Addresses as text, and authorities taken apart.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include "collector/span/address.h"
#include "common/lib/cleanup.h"
#include "tests/unit/l7/guard.h"

#define S(literal)                                                                                                     \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static void ip_addresses(void **state)
{
    static const struct {
        int family;
        const char *address, *text;
        bool ipv6;
    } cases[] = {
        {AF_INET, "127.0.0.1", "127.0.0.1", false},
        {AF_INET, "255.10.200.99", "255.10.200.99", false},
        {AF_INET, "0.0.0.0", "0.0.0.0", false},
        {AF_INET6, "::1", "::1", true},
        {AF_INET6, "2001:db8::ff00:42:8329", "2001:db8::ff00:42:8329", true},
        {AF_INET6, "::ffff:10.1.2.3", "10.1.2.3", false},
        {AF_INET6, "::10.1.2.3", "::10.1.2.3", true},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        uint8_t bytes[16] = {0};
        struct span_address address;
        assert_int_equal(inet_pton(cases[i].family, cases[i].address, bytes), 1);
        address_format_ip((uint8_t)cases[i].family, bytes, 8080, &address);
        assert_string_equal(address.text, cases[i].text);
        assert_int_equal(address.n, strlen(cases[i].text));
        assert_int_equal(address.ipv6, cases[i].ipv6);
        assert_int_equal(address.port, 8080);
    }
    struct span_address none;
    address_format_ip(77, (const uint8_t[16]){1}, 1, &none);
    assert_string_equal(none.text, "");
    assert_int_equal(none.n, 0);
}

static void unix_addresses(void **state)
{
    static const struct {
        struct str path;
        const char *text;
    } cases[] = {
        {S("/run/app.sock"), "/run/app.sock"},
        {S("/run/a\0\0\0"), "/run/a"},
        {S("\0abstract"), "@abstract"},
        {S("\0abs\0\0"), "@abs"},
        {S(""), ""},
        {S("\0"), ""},
        {S("\0\0\0"), ""},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct span_address address;
        address_format_unix(guard_before_end(cases[i].path), &address);
        assert_string_equal(address.text, cases[i].text);
        assert_int_equal(address.n, strlen(cases[i].text));
        assert_int_equal(address.port, 0);
    }
    char longest[ADDRESS_TEXT_MAX + 50];
    memset(longest, 'x', sizeof longest);
    struct span_address address;
    address_format_unix((struct str){longest, sizeof longest}, &address);
    assert_int_equal(address.n, ADDRESS_TEXT_MAX - 1);
}

static void authorities(void **state)
{
    static const struct {
        struct str authority;
        bool valid;
        struct str host;
        uint16_t port;
    } cases[] = {
        {S("localhost:8080"), true, S("localhost"), 8080},
        {S("example.org"), true, S("example.org"), 0},
        {S("example.org:"), true, S("example.org"), 0},
        {S("example.org:http"), true, S("example.org"), 0},
        {S("example.org:65536"), true, S("example.org"), 0},
        {S("[::1]:8080"), true, S("::1"), 8080},
        {S("[2001:db8::1]"), true, S("2001:db8::1"), 0},
        {S("user:pw@host:1"), true, S("host"), 1},
        {S("a@b@[::1]:2"), true, S("::1"), 2},
        {S("[::1"), true, S("[:"), 1},
        {S(":80"), false, S(""), 0},
        {S("[]:80"), false, S(""), 0},
        {S("user@"), false, S(""), 0},
        {S(""), false, S(""), 0},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        struct str host = STR("");
        uint16_t port = 0;
        assert_int_equal(address_split_authority(guard_before_end(cases[i].authority), &host, &port), cases[i].valid);
        assert_int_equal(host.n, cases[i].host.n);
        assert_memory_equal(host.n ? host.p : "", cases[i].host.p, host.n);
        assert_int_equal(port, cases[i].port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip_addresses),
        cmocka_unit_test(unix_addresses),
        cmocka_unit_test(authorities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
