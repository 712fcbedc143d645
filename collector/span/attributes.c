// What a span's attributes have to be built for; see attributes.h. Host, path, query and header values are foreign
// bytes: they are copied with bounds and never interpreted beyond what redaction needs.
#include "collector/span/attributes.h"

#include "collector/span/attributes_list.h"

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

static bool port_is_default(const char *scheme, uint16_t port)
{
    return (port == 80 && strcmp(scheme, "http") == 0) || (port == 443 && strcmp(scheme, "https") == 0);
}

void attributes_query(struct attributes_text *ret_text, struct str query)
{
    text_start(ret_text);
    text_add_query(ret_text, query);
}

bool attributes_url(struct attributes_text *ret_text, const struct span *span)
{
    bool credentials;
    struct str host = attributes_host(span->server_address, &credentials);
    text_start(ret_text);
    if (!host.n || host.p[0] == '/' || !span->scheme)
        return false;
    bool bare_ipv6 = host.p[0] != '[' && memchr(host.p, ':', host.n);
    text_add(ret_text, str_from(span->scheme));
    text_add(ret_text, STR("://"));
    if (credentials)
        text_add(ret_text, STR("REDACTED:REDACTED@"));
    text_add(ret_text, bare_ipv6 ? STR("[") : STR(""));
    text_add(ret_text, host);
    text_add(ret_text, bare_ipv6 ? STR("]") : STR(""));
    if (span->server_port && !port_is_default(span->scheme, span->server_port))
        text_add_port(ret_text, span->server_port);
    if (span->path.n && span->path.p[0] == '/') // not "*" (OPTIONS) nor an authority (CONNECT)
        text_add(ret_text, span->path);
    if (span->query.n) {
        text_add(ret_text, STR("?"));
        text_add_query(ret_text, span->query);
    }
    return true;
}

void span_attributes_walk(const struct span *span, span_attribute_fn *fn, void *context)
{
    attributes_list(span, span->process->pid, fn, context);
}
