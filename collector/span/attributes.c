// The one list of a span's attributes; see attributes.h. Host, path, query and header values are foreign bytes: they
// are copied with bounds and never interpreted beyond what redaction needs.
#include "collector/span/attributes.h"

#include "collector/span/selection.h"
#include "common/lib/cleanup.h"

#define ATTRIBUTES_TEXT_MAX 2048 // url.full or url.query after redaction; several times what is captured of a head

// Text under construction; what does not fit is cut off and remembered.
struct attributes_text {
    char p[ATTRIBUTES_TEXT_MAX];
    size_t n;
    bool cut;
};

struct attributes_walk {
    struct span_selection *selection; // NULL: all
    span_attribute_fn *fn;
    void *context;
};

// Not by an initializer, which would clear the whole array for each span.
static void text_start(struct attributes_text *text)
{
    text->n = 0;
    text->cut = false;
}

static void text_add(struct attributes_text *text, struct str s)
{
    size_t room = sizeof(text->p) - text->n;
    if (s.n > room) {
        text->cut = true;
        s.n = room;
    }
    if (s.n)
        memcpy(text->p + text->n, s.p, s.n);
    text->n += s.n;
}

static void text_add_port(struct attributes_text *text, uint16_t port)
{
    char digits[6];
    size_t first = sizeof(digits);
    do {
        digits[--first] = (char)('0' + port % 10);
        port /= 10;
    } while (port);
    digits[--first] = ':';
    text_add(text, (struct str){digits + first, sizeof(digits) - first});
}

// Splits *rest at the first `separator`; the separator belongs to neither part.
static struct str split_before(struct str *rest, char separator)
{
    const char *found = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    struct str head = {rest->p, found ? (size_t)(found - rest->p) : rest->n};
    size_t taken = head.n + (found ? 1 : 0);
    rest->p += taken;
    rest->n -= taken;
    return head;
}

// The parameters whose values sign a request (semantic conventions, url.query and url.full); matched case-sensitively.
static bool query_key_secret(struct str key)
{
    static const struct str secrets[] = {
        {"X-Amz-Signature", 15},  {"X-Amz-Credential", 16}, {"X-Amz-Security-Token", 20},
        {"AWSAccessKeyId", 14},   {"Signature", 9},         {"sig", 3},
        {"X-Goog-Signature", 16},
    };
    for (size_t i = 0; i < array_size(secrets); i++)
        if (str_equal(key, secrets[i]))
            return true;
    return false;
}

static void text_add_query(struct attributes_text *text, struct str query)
{
    while (query.n) {
        size_t before = query.n;
        struct str value = split_before(&query, '&'), whole = value;
        struct str key = split_before(&value, '=');
        if (key.n < whole.n && query_key_secret(key)) {
            text_add(text, key);
            text_add(text, STR("=REDACTED"));
        } else {
            text_add(text, whole);
        }
        if (before - query.n > whole.n)
            text_add(text, STR("&"));
    }
}

// An authority without its userinfo (RFC 3986 3.2.1): "user:secret@host" is "host".
static struct str host_without_credentials(struct str host, bool *ret_had_credentials)
{
    const char *at = host.n ? memrchr(host.p, '@', host.n) : NULL;
    *ret_had_credentials = at != NULL;
    return at ? (struct str){at + 1, host.n - (size_t)(at + 1 - host.p)} : host;
}

static bool port_is_default(const char *scheme, uint16_t port)
{
    return (port == 80 && strcmp(scheme, "http") == 0) || (port == 443 && strcmp(scheme, "https") == 0);
}

// url.full of a client span; false where there is no such URL (no host known, a Unix socket's path in its place).
static bool text_add_url(struct attributes_text *text, const struct span *span)
{
    bool credentials;
    struct str host = host_without_credentials(span->server_address, &credentials);
    if (!host.n || host.p[0] == '/' || !span->scheme)
        return false;
    bool bare_ipv6 = host.p[0] != '[' && memchr(host.p, ':', host.n);
    text_add(text, str_from(span->scheme));
    text_add(text, STR("://"));
    if (credentials)
        text_add(text, STR("REDACTED:REDACTED@"));
    text_add(text, bare_ipv6 ? STR("[") : STR(""));
    text_add(text, host);
    text_add(text, bare_ipv6 ? STR("]") : STR(""));
    if (span->server_port && !port_is_default(span->scheme, span->server_port))
        text_add_port(text, span->server_port);
    if (span->path.n && span->path.p[0] == '/') // not "*" (OPTIONS) nor an authority (CONNECT)
        text_add(text, span->path);
    if (span->query.n) {
        text_add(text, STR("?"));
        text_add_query(text, span->query);
    }
    return true;
}

static bool walk_has(const struct attributes_walk *walk, const char *key)
{
    return !walk->selection || span_selection_has(walk->selection, key);
}

// A string that is unknown is empty and left out.
static void walk_text(struct attributes_walk *walk, const char *key, struct str text)
{
    if (text.n && walk_has(walk, key))
        walk->fn(walk->context, key, &(struct span_value){.type = SPAN_VALUE_STRING, .text = text});
}

static void walk_number(struct attributes_walk *walk, const char *key, int64_t number)
{
    if (walk_has(walk, key))
        walk->fn(walk->context, key, &(struct span_value){.type = SPAN_VALUE_INT, .number = number});
}

static void walk_address(struct attributes_walk *walk, const char *address_key, const char *port_key,
                         struct str address, uint16_t port)
{
    walk_text(walk, address_key, address);
    if (port)
        walk_number(walk, port_key, port);
}

static struct str address_text(const struct span_address *address)
{
    return (struct str){address->text, address->n};
}

static void walk_ends(struct attributes_walk *walk, const struct span *span)
{
    bool credentials, server = span->kind == SPAN_KIND_SERVER;
    if (span->forwarded_for.n) { // the client is not who connected
        walk_text(walk, "client.address", span->forwarded_for);
        walk_address(walk, "network.peer.address", "network.peer.port", address_text(&span->client), span->client.port);
    } else {
        walk_address(walk, "client.address", "client.port", address_text(&span->client), span->client.port);
    }
    walk_address(walk, "server.address", "server.port", host_without_credentials(span->server_address, &credentials),
                 span->server_port);
    walk_address(walk, server ? "network.local.address" : "network.peer.address",
                 server ? "network.local.port" : "network.peer.port", address_text(&span->server), span->server.port);
}

void span_attributes_walk(const struct span *span, span_attribute_fn *fn, void *context)
{
    struct attributes_walk walk = {span->selection, fn, context};
    struct attributes_text query, url;
    text_start(&query);
    text_start(&url);

    walk_text(&walk, "http.request.method", str_from(http_method_name(span->method)));
    if (span->method == HTTP_METHOD_OTHER)
        walk_text(&walk, "http.request.method_original", span->method_original);
    walk_text(&walk, "url.path", span->path);
    text_add_query(&query, span->query);
    walk_text(&walk, "url.query", (struct str){query.p, query.n});
    walk_text(&walk, "url.scheme", str_from(span->scheme));
    if (span->status)
        walk_number(&walk, "http.response.status_code", span->status);
    walk_text(&walk, span->kind == SPAN_KIND_SERVER ? "http.route" : "url.template", span->route);
    if (span->request_body != SPAN_SIZE_UNKNOWN)
        walk_number(&walk, "http.request.body.size", span->request_body);
    if (span->response_body != SPAN_SIZE_UNKNOWN)
        walk_number(&walk, "http.response.body.size", span->response_body);
    walk_text(&walk, "network.protocol.version", str_from(http_version_name(span->version)));
    walk_ends(&walk, span);
    walk_text(&walk, "user_agent.original", span->user_agent);
    walk_text(&walk, "error.type", str_from(span->error_type));
    walk_number(&walk, "process.pid", span->process->pid);
    if (span->kind == SPAN_KIND_CLIENT && text_add_url(&url, span))
        walk_text(&walk, "url.full", (struct str){url.p, url.n});
    if (span->truncated || query.cut || url.cut)
        fn(context, "redstart.truncated", &(struct span_value){.type = SPAN_VALUE_BOOL, .number = 1});
}
