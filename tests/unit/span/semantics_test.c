// Semantic conventions for HTTP v1.44, a line or more for each rule: from the bytes on the wire to names and
// attributes. What a span looks like beside them (times, sizes at cut-off heads, addresses) is in exchange_test.c.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include "collector/span/attributes.h"
#include "tests/unit/records.h"

#define OK           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define STATUS(code) "HTTP/1.1 " code " x\r\nContent-Length: 0\r\n\r\n"
#define HOST         "Host: shop.example\r\n"
#define GET(lines)   "GET /p?q=1 HTTP/1.1\r\n" HOST lines "\r\n"
#define URL(target)  "GET " target " HTTP/1.1\r\n" HOST "\r\n"
#define SERVER       false
#define CLIENT       true

static const struct process process = {.pid = RECORD_PID};

struct rule {
    const char *rule;
    bool client;
    const char *request, *response; // response NULL: none came
    const char *expected;           // "key=value" each, or "-key" for one that must not be there; separated by spaces
};

static const struct rule method_rules[] = {
    {"known", SERVER, GET(""), OK, "name=GET http.request.method=GET -http.request.method_original"},
    {"QUERY is known", SERVER, "QUERY / HTTP/1.1\r\n\r\n", OK, "name=QUERY http.request.method=QUERY"},
    {"PATCH is known", CLIENT, "PATCH / HTTP/1.1\r\n\r\n", OK, "name=PATCH http.request.method=PATCH"},
    {"case matters", SERVER, "get / HTTP/1.1\r\n\r\n", OK,
     "name=HTTP http.request.method=_OTHER http.request.method_original=get"},
    {"another", CLIENT, "PROPFIND / HTTP/1.1\r\n\r\n", OK,
     "name=HTTP http.request.method=_OTHER http.request.method_original=PROPFIND"},
    {"never the path in the name", SERVER, URL("/users/4711"), OK, "name=GET -http.route url.path=/users/4711"},
};

static const struct rule status_rules[] = {
    {"2xx", SERVER, GET(""), OK, "http.response.status_code=200 -error.type"},
    {"1xx", SERVER, GET(""), STATUS("101"), "http.response.status_code=101 -error.type"},
    {"3xx, client", CLIENT, GET(""), STATUS("304"), "http.response.status_code=304 -error.type"},
    {"4xx is no error of a server", SERVER, GET(""), STATUS("404"), "http.response.status_code=404 -error.type"},
    {"4xx is one of a client", CLIENT, GET(""), STATUS("404"), "http.response.status_code=404 error.type=404"},
    {"5xx, server", SERVER, GET(""), STATUS("503"), "http.response.status_code=503 error.type=503"},
    {"5xx, client", CLIENT, GET(""), STATUS("500"), "http.response.status_code=500 error.type=500"},
    {"beyond the classes", SERVER, GET(""), STATUS("799"), "http.response.status_code=799 error.type=799"},
    {"no answer", SERVER, GET(""), NULL, "-http.response.status_code error.type=connection_closed"},
    {"no answer, client", CLIENT, GET(""), NULL, "-http.response.status_code error.type=connection_closed"},
};

static const struct rule scheme_rules[] = {
    {"the connection's", SERVER, GET(""), OK, "url.scheme=http"},
    {"X-Forwarded-Proto", SERVER, GET("X-Forwarded-Proto: https\r\n"), OK, "url.scheme=https"},
    {"any case", SERVER, GET("x-forwarded-proto: HTTPS\r\n"), OK, "url.scheme=https"},
    {"the first of a list", SERVER, GET("X-Forwarded-Proto: https, http\r\n"), OK, "url.scheme=https"},
    {"Forwarded wins", SERVER, GET("X-Forwarded-Proto: http\r\nForwarded: for=1.2.3.4;proto=https\r\n"), OK,
     "url.scheme=https"},
    {"Forwarded wins in front as well", SERVER, GET("Forwarded: proto=https\r\nX-Forwarded-Proto: http\r\n"), OK,
     "url.scheme=https"},
    {"its first element", SERVER, GET("Forwarded: proto=https, proto=http\r\n"), OK, "url.scheme=https"},
    {"no scheme of ours", SERVER, GET("X-Forwarded-Proto: gopher\r\n"), OK, "url.scheme=http"},
    {"a client's is its own", CLIENT, GET("X-Forwarded-Proto: https\r\n"), OK, "url.scheme=http"},
    {"absolute form", CLIENT, URL("https://a.example/x"), OK, "url.scheme=https"},
};

static const struct rule server_address_rules[] = {
    {"Host, without port", SERVER, "GET / HTTP/1.1\r\nHost: shop.example:81\r\n\r\n", OK,
     "server.address=shop.example server.port=8080"},
    {"absolute form before Host", SERVER, URL("http://a.example/x"), OK, "server.address=a.example"},
    {"X-Forwarded-Host before both", SERVER, GET("X-Forwarded-Host: front.example:444, b\r\n"), OK,
     "server.address=front.example server.port=8080"},
    {"Forwarded host before that", SERVER,
     GET("X-Forwarded-Host: b\r\nForwarded: for=1.2.3.4;host=\"front.example:443\", host=c\r\n"), OK,
     "server.address=front.example"},
    {"an IPv6 literal", SERVER, GET("Forwarded: host=\"[2001:db8::1]:443\"\r\n"), OK, "server.address=2001:db8::1"},
    {"empty", SERVER, GET("X-Forwarded-Host:\r\nForwarded: host=\"\"\r\n"), OK, "server.address=shop.example"},
    {"not a client's", CLIENT, GET("X-Forwarded-Host: b\r\nForwarded: host=c\r\n"), OK, "server.address=shop.example"},
    {"nothing said: where it connected", SERVER, "GET / HTTP/1.0\r\n\r\n", OK, "server.address=127.0.0.1"},
    {"a client's port", CLIENT, "GET / HTTP/1.1\r\nHost: shop.example:81\r\n\r\n", OK,
     "server.address=shop.example server.port=81 network.peer.address=192.0.2.1"},
};

static const struct rule client_address_rules[] = {
    {"who connected", SERVER, GET(""), OK, "client.address=192.0.2.1 client.port=50000 -network.peer.address"},
    {"X-Forwarded-For", SERVER, GET("X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\n"), OK,
     "client.address=203.0.113.7 -client.port network.peer.address=192.0.2.1 network.peer.port=50000"},
    {"Forwarded wins", SERVER, GET("X-Forwarded-For: 203.0.113.7\r\nForwarded: For=\"[2001:db8::17]:4711\"\r\n"), OK,
     "client.address=2001:db8::17 network.peer.address=192.0.2.1"},
    {"with a port", SERVER, GET("Forwarded: for=\"203.0.113.9:4711\"\r\n"), OK, "client.address=203.0.113.9"},
    {"bare IPv6", SERVER, GET("X-Forwarded-For: 2001:db8::17\r\n"), OK, "client.address=2001:db8::17"},
    {"unknown", SERVER, GET("Forwarded: for=unknown\r\n"), OK, "client.address=192.0.2.1 -network.peer.address"},
    {"an identifier", SERVER, GET("Forwarded: for=_gazonk\r\n"), OK, "client.address=192.0.2.1 -network.peer.address"},
    {"not an address", SERVER, GET("X-Forwarded-For: 1.2.3.4.5<script>\r\n"), OK, "client.address=192.0.2.1"},
    {"not of a client", CLIENT, GET("X-Forwarded-For: 203.0.113.7\r\n"), OK, "client.address=127.0.0.1"},
};

static const struct rule url_rules[] = {
    {"path and query", SERVER, URL("/a/b?x=1&y=2"), OK, "url.path=/a/b url.query=x=1&y=2 -url.full"},
    {"no query", SERVER, URL("/a"), OK, "url.path=/a -url.query"},
    {"an empty query", SERVER, URL("/a?"), OK, "url.path=/a -url.query"},
    {"a client's whole", CLIENT, URL("/a?x=1"), OK, "url.full=http://shop.example/a?x=1"},
    {"a port beside the default", CLIENT, "GET /a HTTP/1.1\r\nHost: shop.example:81\r\n\r\n", OK,
     "url.full=http://shop.example:81/a"},
    {"the default port", CLIENT, "GET /a HTTP/1.1\r\nHost: shop.example:80\r\n\r\n", OK,
     "url.full=http://shop.example/a"},
    {"an IPv6 host", CLIENT, "GET /a HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n\r\n", OK,
     "url.full=http://[2001:db8::1]:81/a"},
    {"signatures", CLIENT,
     URL("/a?sig=s&x=1&AWSAccessKeyId=s&Signature=s&X-Amz-Signature=s&X-Amz-Credential=s&X-Amz-Security-Token=s"), OK,
     "url.full=http://shop.example/a?sig=REDACTED&x=1&AWSAccessKeyId=REDACTED&Signature=REDACTED&"
     "X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED"},
    {"another signature, at a server", SERVER, URL("/a?X-Goog-Signature=s&SIG=kept&sigh=kept&sig"), OK,
     "url.query=X-Goog-Signature=REDACTED&SIG=kept&sigh=kept&sig"},
};

static const struct rule protocol_rules[] = {
    {"1.1", SERVER, GET(""), OK, "network.protocol.version=1.1 -network.protocol.name"},
    {"1.0", CLIENT, "GET / HTTP/1.0\r\n\r\n", OK, "network.protocol.version=1.0 -network.protocol.name"},
    {"the request's, not the answer's", SERVER, "GET / HTTP/1.0\r\n\r\n", OK, "network.protocol.version=1.0"},
    {"user agent", SERVER, GET("User-Agent: curl/8.1\r\n"), OK, "user_agent.original=curl/8.1"},
    {"no user agent", SERVER, GET(""), OK, "-user_agent.original"},
    {"bodies", SERVER, "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", OK,
     "http.request.body.size=3 http.response.body.size=5"},
    {"no body", SERVER, GET(""), STATUS("204"), "http.request.body.size=0 http.response.body.size=0"},
    {"HEAD has none, whatever its length says", SERVER, "HEAD / HTTP/1.1\r\n\r\n",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "http.response.body.size=0"},
    {"unknown", SERVER, GET(""), NULL, "-http.response.body.size"},
};

struct seen {
    char text[4096]; // " key=value key=value "
    size_t n;
};

static void attribute_add(void *context, const char *key, const struct span_value *value)
{
    struct seen *seen = context;
    if (value->type == SPAN_VALUE_STRING)
        seen->n += (size_t)snprintf(seen->text + seen->n, sizeof(seen->text) - seen->n, "%s=" STR_FMT " ", key,
                                    STR_ARG(value->text));
    else
        seen->n += (size_t)snprintf(seen->text + seen->n, sizeof(seen->text) - seen->n, "%s=%lld ", key,
                                    (long long)value->number);
}

static void seen_fill(const struct rule *rule, struct seen *seen)
{
    union record_room room;
    struct exchange exchange;
    struct span span;
    char scratch[64];
    struct http1_record *record =
        record_make(&room, str_from(rule->request), rule->response ? str_from(rule->response) : STR(""));
    record->role = rule->client ? RECORD_ROLE_CLIENT : RECORD_ROLE_SERVER;
    record->remote_port = rule->client ? 80 : record->remote_port;
    if (!rule->response)
        record->flags |= RECORD_FLAG_NO_RESPONSE;
    assert_int_equal(exchange_parse(record, &exchange), PARSE_OK);
    exchange_to_span(&exchange, &process, &propagators_default, &span);
    seen->n = (size_t)snprintf(seen->text, sizeof(seen->text), " name=" STR_FMT " ",
                               STR_ARG(span_name(&span, scratch, sizeof(scratch))));
    span_attributes_walk(&span, attribute_add, seen);
}

static void rule_check(const struct rule *rule)
{
    struct seen seen;
    char expected[2048], *save = NULL;
    seen_fill(rule, &seen);
    snprintf(expected, sizeof(expected), "%s", rule->expected);
    for (char *word = strtok_r(expected, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char wanted[2048];
        bool absent = word[0] == '-';
        snprintf(wanted, sizeof(wanted), absent ? " %s=" : " %s ", absent ? word + 1 : word);
        if ((strstr(seen.text, wanted) != NULL) == absent)
            fail_msg("%s: expected %s, saw%s", rule->rule, word, seen.text);
    }
}

#define TABLE(name)                                                                                                    \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        for (size_t i = 0; i < array_size(name##_rules); i++)                                                          \
            rule_check(&name##_rules[i]);                                                                              \
    }
TABLE(method)
TABLE(status)
TABLE(scheme)
TABLE(server_address)
TABLE(client_address)
TABLE(url)
TABLE(protocol)

// OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS replaces the list; a known one names the span.
static void known_methods(void **state)
{
    static const struct rule rules[] = {
        {"on the list", SERVER, "PROPFIND / HTTP/1.1\r\n\r\n", OK,
         "name=PROPFIND http.request.method=PROPFIND -http.request.method_original"},
        {"no longer known", SERVER, GET(""), OK,
         "name=HTTP http.request.method=_OTHER http.request.method_original=GET"},
        {"HEAD has no body still", SERVER, "HEAD / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
         "http.request.method=_OTHER http.response.body.size=0"},
    };
    assert_int_equal(http_method_know(STR("PROPFIND,POST")), 0);
    for (size_t i = 0; i < array_size(rules); i++)
        rule_check(&rules[i]);
    assert_int_equal(http_method_know(STR("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(method),         cmocka_unit_test(status),         cmocka_unit_test(scheme),
        cmocka_unit_test(server_address), cmocka_unit_test(client_address), cmocka_unit_test(url),
        cmocka_unit_test(protocol),       cmocka_unit_test(known_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
