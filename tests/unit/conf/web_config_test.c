// web.yml: what each key gives, and what a mistake is answered.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/conf/web_config.h"
#include "collector/core/clock.h"

#define HASH "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
#define PAIR "cert_file: c, key_file: k"

static struct web_config config;
static struct complaint complaint;

static int parse(const char *text)
{
    complaint = (struct complaint){0};
    return web_config_parse(&config, "/etc/w.yml", str_from(text), &complaint);
}

static void defaults(void **state)
{
    static const char *const empty[] = {"", "# nothing\n", "{}", "tls_server_config:\nbasic_auth_users:\n",
                                        "basic_auth_users: {}\nhttp_server_config: {headers: {}}"};
    for (size_t i = 0; i < array_size(empty); i++) {
        assert_int_equal(parse(empty[i]), 0);
        assert_false(config.tls);
        assert_int_equal(config.user_count + config.header_count + config.curve_count + config.client_san_count, 0);
        assert_int_equal(config.rate_interval_ns, 0);
        web_config_release(&config);
    }
}

static void everything(void **state)
{
    assert_int_equal(parse("tls_server_config:\n"
                           "  cert_file: tls/server.crt\n"
                           "  key_file: /srv/server.key\n"
                           "  client_auth_type: RequireAndVerifyClientCert\n"
                           "  client_ca: |\n    -----BEGIN CERTIFICATE-----\n    x\n"
                           "  client_allowed_sans: [a.example, 192.0.2.1]\n"
                           "  min_version: TLS13\n"
                           "  max_version: TLS13\n"
                           "  prefer_server_cipher_suites: false\n"
                           "  cipher_suites: []\n"
                           "  curve_preferences: [X25519, CurveP256]\n"
                           "http_server_config:\n"
                           "  http2: true\n"
                           "  headers:\n"
                           "    X-Frame-Options: deny\n"
                           "    X-XSS-Protection: ''\n"
                           "    Strict-Transport-Security: max-age=1\n"
                           "basic_auth_users:\n"
                           "  alice: " HASH "\n"
                           "  bob: '" HASH "'\n"
                           "rate_limit: {interval: 1s, burst: 20}\n"),
                     0);
    assert_true(config.tls);
    assert_string_equal(config.cert.file, "/etc/tls/server.crt");
    assert_string_equal(config.key.file, "/srv/server.key");
    assert_string_equal(config.client_ca.file, "");
    assert_string_equal(config.client_ca.text.p, "-----BEGIN CERTIFICATE-----\nx\n");
    assert_int_equal(config.client_auth, WEB_CLIENT_REQUIRE_AND_VERIFY);
    assert_int_equal(config.client_san_count, 2);
    assert_string_equal(config.client_sans[1], "192.0.2.1");
    assert_int_equal(config.min_version, WEB_TLS13);
    assert_int_equal(config.max_version, WEB_TLS13);
    assert_false(config.server_precedence);
    assert_int_equal(config.curve_count, 2);
    assert_int_equal(config.curve[0], WEB_CURVE_X25519);
    assert_int_equal(config.header_count, 2);
    assert_string_equal(config.header[1].name, "Strict-Transport-Security");
    assert_string_equal(config.header[1].value, "max-age=1");
    assert_int_equal(config.user_count, 2);
    assert_string_equal(config.user[1].name, "bob");
    assert_string_equal(config.user[1].hash, HASH);
    assert_true(config.rate_interval_ns == NS_PER_SEC);
    assert_int_equal(config.rate_burst, 20);
    web_config_release(&config);

    assert_int_equal(parse("tls_server_config: {" PAIR ", client_auth_type: RequireClientCert}"), 0);
    assert_int_equal(config.client_auth, WEB_CLIENT_REQUIRE_ANY);
    assert_int_equal(config.min_version, WEB_TLS12);
    assert_int_equal(config.max_version, WEB_TLS13);
    assert_true(config.server_precedence);
    web_config_release(&config);
}

#define BCRYPT "expected a password's bcrypt hash ($2y$10$...), as htpasswd -nBC 10 makes it"

static void mistakes(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"[]", "/etc/w.yml:1:1: expected a map of keys and values, not a list"},
        {"tls: {}", "/etc/w.yml:1:1: tls: no such key in the format of web.yml"},
        {"tls_server_config: {}", "/etc/w.yml:1:1: tls_server_config: expected cert_file (or cert)"},
        {"tls_server_config: {cert_file: c}", "/etc/w.yml:1:1: tls_server_config: expected key_file (or key)"},
        {"tls_server_config: {" PAIR ", cert: '-----BEGIN X'}",
         "/etc/w.yml:1:1: tls_server_config: expected cert or cert_file, not both"},
        {"tls_server_config: {cert: x, key_file: k}",
         "/etc/w.yml:1:27: tls_server_config.cert: expected PEM (-----BEGIN ...) of at most 65536 bytes"},
        {"tls_server_config: {" PAIR ", client_ca_file: a}",
         "/etc/w.yml:1:1: tls_server_config: client_ca is of no use without client_auth_type; expected "
         "RequireAndVerifyClientCert"},
        {"tls_server_config: {" PAIR ", client_allowed_sans: [a]}",
         "/etc/w.yml:1:1: tls_server_config: client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert"},
        {"tls_server_config: {" PAIR ", client_auth_type: Sometimes}",
         "/etc/w.yml:1:66: tls_server_config.client_auth_type: expected NoClientCert, RequestClientCert, "
         "RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert, not Sometimes"},
        {"tls_server_config: {" PAIR ", min_version: SSL3}",
         "/etc/w.yml:1:61: tls_server_config.min_version: expected TLS10, TLS11, TLS12 or TLS13, not SSL3"},
        {"tls_server_config: {" PAIR ", min_version: TLS13, max_version: TLS12}",
         "/etc/w.yml:1:1: tls_server_config: expected a min_version that is not above max_version"},
        {"tls_server_config: {" PAIR ", cipher_suites: [TLS_AES_128_GCM_SHA256]}",
         "/etc/w.yml:1:48: tls_server_config.cipher_suites: single cipher suites cannot be chosen with GnuTLS; leave "
         "it "
         "out (its defaults are taken), or set min_version: TLS13"},
        {"tls_server_config: {" PAIR ", curve_preferences: [X25519, X25519]}",
         "/etc/w.yml:1:76: tls_server_config.curve_preferences[1]: expected each curve once"},
        {"basic_auth_users: {alice: secret}", "/etc/w.yml:1:27: basic_auth_users.alice: " BCRYPT},
        {"basic_auth_users: {alice: " HASH "0}", "/etc/w.yml:1:27: basic_auth_users.alice: " BCRYPT},
        {"basic_auth_users: {alice: [x]}", "/etc/w.yml:1:27: basic_auth_users.alice: " BCRYPT},
        {"basic_auth_users: {a: $2y$31$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG}",
         "/etc/w.yml:1:23: basic_auth_users.a: expected a cost from 4 to 16; 10 takes some 70 ms"},
        {"http_server_config: {headers: {Server: x}}",
         "/etc/w.yml:1:32: http_server_config.headers.Server: no such key in the format of web.yml"},
        {"http_server_config: {headers: {X-Frame-Options: never}}",
         "/etc/w.yml:1:49: http_server_config.headers.X-Frame-Options: expected deny or sameorigin, not never"},
        {"http_server_config: {headers: {X-XSS-Protection: \"a\\nb: c\"}}",
         "/etc/w.yml:1:50: http_server_config.headers.X-XSS-Protection: expected a header's value in one line, without "
         "control characters"},
        {"rate_limit: {interval: soon}", "/etc/w.yml:1:24: rate_limit.interval: expected a duration such as 500ms, 60s "
                                         "or 1h30m, from 0s to 1h, not soon"},
        {"rate_limit: {burst: 0}", "/etc/w.yml:1:21: rate_limit.burst: expected a number from 1 to 1000000, not 0"},
    };
    for (size_t i = 0; i < array_size(rows); i++) {
        assert_int_equal(parse(rows[i].text), -22);
        assert_string_equal(complaint.error, rows[i].error);
    }
    // All of them, a line each.
    assert_int_equal(parse("a: 1\nbasic_auth_users: {x: y}\nrate_limit: {burst: z}\n"), -22);
    assert_int_equal(complaint.errors, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults), cmocka_unit_test(everything),
                                       cmocka_unit_test(mistakes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
