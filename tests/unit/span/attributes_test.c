// The list of a span's attributes: which, in which order, by value; url.full and redaction.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "collector/span/attributes.h"
#include "collector/span/selection.h"

// The walk as text: one key=value a line, strings in quotes.
struct listing {
    char text[8192];
    size_t n;
    unsigned count;
};

static void listing_add(void *context, const char *key, const struct span_value *value)
{
    struct listing *listing = context;
    char *to = listing->text + listing->n;
    size_t room = sizeof(listing->text) - listing->n;
    int n = value->type == SPAN_VALUE_STRING ? snprintf(to, room, "%s=\"" STR_FMT "\"\n", key, STR_ARG(value->text))
            : value->type == SPAN_VALUE_INT  ? snprintf(to, room, "%s=%lld\n", key, (long long)value->number)
                                             : snprintf(to, room, "%s=%s\n", key, value->number ? "true" : "false");
    listing->n += (size_t)n;
    listing->count++;
}

static const struct process process = {.pid = 4242};

static struct span_address address(const char *text, uint16_t port)
{
    struct span_address result = {.n = (uint8_t)strlen(text), .port = port};
    memcpy(result.text, text, result.n);
    return result;
}

static struct span span_of(enum span_kind kind)
{
    return (struct span){
        .kind = kind,
        .process = &process,
        .method = HTTP_METHOD_GET,
        .path = STR("/a"),
        .scheme = "http",
        .version = HTTP_VERSION_11,
        .request_body = SPAN_SIZE_UNKNOWN,
        .response_body = SPAN_SIZE_UNKNOWN,
    };
}

static void assert_walk(const struct span *span, const char *expected)
{
    struct listing listing = {.n = 0};
    span_attributes_walk(span, listing_add, &listing);
    assert_string_equal(listing.text, expected);
    assert_true(listing.count <= SPAN_ATTRIBUTES_MAX);
}

static void walks_a_full_server_span(void **state)
{
    struct span span = span_of(SPAN_KIND_SERVER);
    span.method = HTTP_METHOD_OTHER;
    span.method_original = STR("BREW");
    span.query = STR("x=1&sig=abc");
    span.route = STR("/{id}");
    span.status = 503;
    span.error_type = "503";
    span.request_body = 6;
    span.response_body = 0;
    span.client = address("::1", 51234);
    span.server_address = STR("shop.example");
    span.server_port = 8080;
    span.server = address("127.0.0.1", 8081);
    span.user_agent = STR("curl/8");
    span.truncated = true;
    assert_walk(&span, "http.request.method=\"_OTHER\"\nhttp.request.method_original=\"BREW\"\nurl.path=\"/a\"\n"
                       "url.query=\"x=1&sig=REDACTED\"\nurl.scheme=\"http\"\nhttp.response.status_code=503\n"
                       "http.route=\"/{id}\"\nhttp.request.body.size=6\nhttp.response.body.size=0\n"
                       "network.protocol.version=\"1.1\"\nclient.address=\"::1\"\nclient.port=51234\n"
                       "server.address=\"shop.example\"\nserver.port=8080\nnetwork.local.address=\"127.0.0.1\"\n"
                       "network.local.port=8081\nuser_agent.original=\"curl/8\"\nerror.type=\"503\"\nprocess.pid=4242\n"
                       "redstart.truncated=true\n");
}

static void leaves_out_what_is_unknown(void **state)
{
    struct span span = span_of(SPAN_KIND_SERVER);
    span.version = HTTP_VERSION_UNKNOWN;
    span.server = address("/run/app.sock", 0);
    assert_walk(&span, "http.request.method=\"GET\"\nurl.path=\"/a\"\nurl.scheme=\"http\"\n"
                       "network.local.address=\"/run/app.sock\"\nprocess.pid=4242\n");
}

static void walks_a_client_span(void **state)
{
    struct span span = span_of(SPAN_KIND_CLIENT);
    span.status = 200;
    span.client = address("10.0.0.1", 40000);
    span.server_address = STR("api.example");
    span.server_port = 80;
    span.server = address("10.0.0.2", 80);
    assert_walk(&span, "http.request.method=\"GET\"\nurl.path=\"/a\"\nurl.scheme=\"http\"\n"
                       "http.response.status_code=200\nnetwork.protocol.version=\"1.1\"\nclient.address=\"10.0.0.1\"\n"
                       "client.port=40000\nserver.address=\"api.example\"\nserver.port=80\n"
                       "network.peer.address=\"10.0.0.2\"\nnetwork.peer.port=80\nprocess.pid=4242\n"
                       "url.full=\"http://api.example/a\"\n");
}

struct found {
    const char *key;
    char text[4096];
    bool seen;
};

static void find(void *context, const char *key, const struct span_value *value)
{
    struct found *found = context;
    if (strcmp(key, found->key) != 0)
        return;
    found->seen = true;
    snprintf(found->text, sizeof(found->text), STR_FMT, STR_ARG(value->text));
}

static void builds_and_redacts_urls(void **state)
{
    static const struct {
        const char *scheme, *host;
        uint16_t port;
        const char *path, *query, *url; // NULL: none
    } cases[] = {
        {"http", "h", 80, "/", "", "http://h/"},
        {"http", "h", 443, "/", "", "http://h:443/"},
        {"https", "h", 443, "/p", "", "https://h/p"},
        {"http", "h", 65535, "/p", "q", "http://h:65535/p?q"},
        {"http", "::1", 8080, "/p", "", "http://[::1]:8080/p"},
        {"http", "[::1]", 8080, "/p", "", "http://[::1]:8080/p"},
        {"http", "user:secret@h", 0, "/", "", "http://REDACTED:REDACTED@h/"},
        {"http", "h", 0, "*", "", "http://h"},
        {"http", "h", 0, "h:443", "", "http://h"},
        {"http", "h", 0, "", "", "http://h"},
        {"http", "", 80, "/p", "", NULL},
        {"http", "/run/app.sock", 0, "/p", "", NULL},
        {"http", "h", 0, "/", "sig=1&sigx=2&Sig=3&sig", "http://h/?sig=REDACTED&sigx=2&Sig=3&sig"},
        {"http", "h", 0, "/", "a=1&Signature=x=y&b", "http://h/?a=1&Signature=REDACTED&b"},
        {"http", "h", 0, "/", "X-Amz-Signature=1&X-Amz-Credential=2&X-Amz-Security-Token=3",
         "http://h/?X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED"},
        {"http", "h", 0, "/", "AWSAccessKeyId=&X-Goog-Signature=1&",
         "http://h/?AWSAccessKeyId=REDACTED&"
         "X-Goog-Signature=REDACTED&"},
        {"http", "h", 0, "/", "&&a&", "http://h/?&&a&"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct span span = span_of(SPAN_KIND_CLIENT);
        struct found url = {.key = "url.full"}, query = {.key = "url.query"};
        span.scheme = cases[i].scheme;
        span.server_address = str_from(cases[i].host);
        span.server_port = cases[i].port;
        span.path = str_from(cases[i].path);
        span.query = str_from(cases[i].query);
        span_attributes_walk(&span, find, &url);
        span_attributes_walk(&span, find, &query);
        assert_int_equal(url.seen, cases[i].url != NULL);
        if (cases[i].url)
            assert_string_equal(url.text, cases[i].url);
        assert_int_equal(query.seen, cases[i].query[0] != 0);
        assert_null(strstr(url.text, "secret"));
    }
}

static void a_server_never_shows_credentials(void **state)
{
    struct span span = span_of(SPAN_KIND_SERVER);
    struct found host = {.key = "server.address"}, url = {.key = "url.full"};
    span.server_address = STR("me:secret@h");
    span_attributes_walk(&span, find, &host);
    span_attributes_walk(&span, find, &url);
    assert_string_equal(host.text, "h");
    assert_false(url.seen);
}

static void an_oversized_url_is_cut_and_said_so(void **state)
{
    static char path[3000];
    struct span span = span_of(SPAN_KIND_CLIENT);
    struct found url = {.key = "url.full"}, cut = {.key = "redstart.truncated"};
    memset(path, '/', sizeof(path));
    span.server_address = STR("h");
    span.path = (struct str){path, sizeof(path)};
    span_attributes_walk(&span, find, &url);
    span_attributes_walk(&span, find, &cut);
    assert_int_equal(strlen(url.text), 2048);
    assert_true(cut.seen);
}

static void leaves_out_what_is_not_selected(void **state)
{
    static struct attribute_selection rules;
    static struct complaint complaint;
    struct span_selection *selection = NULL;
    struct span span = span_of(SPAN_KIND_CLIENT);
    span.route = STR("/{id}");
    assert_int_equal(span_selection_new(&selection, &rules), 0);
    assert_null(selection); // no rule, no question
    assert_int_equal(attribute_selection_add(&rules, &(struct attribute_rule){"*", "*", true}, "", &complaint), 0);
    assert_int_equal(span_selection_new(&selection, &rules), 0);
    assert_null(selection); // of metrics only
    assert_int_equal(
        attribute_selection_add(&rules, &(struct attribute_rule){"traces", "http_request.*", true}, "", &complaint), 0);
    assert_int_equal(attribute_selection_add(&rules, &(struct attribute_rule){"traces", "http_request_method", true},
                                             "", &complaint),
                     0);
    assert_int_equal(
        attribute_selection_add(&rules, &(struct attribute_rule){"traces", "process.*", true}, "", &complaint), 0);
    assert_int_equal(span_selection_new(&selection, &rules), 0);
    span.selection = selection;
    for (unsigned i = 0; i < 2; i++) // looked up, and known
        assert_walk(&span, "url.path=\"/a\"\nurl.scheme=\"http\"\nurl.template=\"/{id}\"\n"
                           "network.protocol.version=\"1.1\"\n");
    span_selection_free(selection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_a_full_server_span),
        cmocka_unit_test(leaves_out_what_is_unknown),
        cmocka_unit_test(walks_a_client_span),
        cmocka_unit_test(leaves_out_what_is_not_selected),
        cmocka_unit_test(builds_and_redacts_urls),
        cmocka_unit_test(a_server_never_shows_credentials),
        cmocka_unit_test(an_oversized_url_is_cut_and_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
