// The list itself that attributes.h is about. Inlined into who walks it, fn with it: keys and types are constants
// there, and of a span nothing is looked at twice. Included by attributes.c and export/otlp_span.c.
#pragma once

#include "collector/span/attributes.h"
#include "collector/span/selection.h"
#include "common/lib/cleanup.h"

#define ATTRIBUTES_INLINE   static inline __attribute__((always_inline))
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

// A query with the values of signatures redacted.
void attributes_query(struct attributes_text *ret_text, struct str query);
// url.full of a client span; false where there is no such URL (no host known, a Unix socket's path in its place).
bool attributes_url(struct attributes_text *ret_text, const struct span *span);

// An authority without its userinfo (RFC 3986 3.2.1): "user:secret@host" is "host".
static inline struct str attributes_host(struct str host, bool *ret_had_credentials)
{
    const char *at = host.n ? memrchr(host.p, '@', host.n) : NULL;
    *ret_had_credentials = at != NULL;
    return at ? (struct str){at + 1, host.n - (size_t)(at + 1 - host.p)} : host;
}

ATTRIBUTES_INLINE bool attributes_has(const struct attributes_walk *walk, const char *key)
{
    return !walk->selection || span_selection_has(walk->selection, key);
}

// A string that is unknown is empty and left out.
ATTRIBUTES_INLINE void attributes_add_text(const struct attributes_walk *walk, const char *key, struct str text)
{
    if (text.n && attributes_has(walk, key))
        walk->fn(walk->context, key, &(struct span_value){.type = SPAN_VALUE_STRING, .text = text});
}

// The same of one that we wrote ourselves.
ATTRIBUTES_INLINE void attributes_add_name(const struct attributes_walk *walk, const char *key, struct str text)
{
    if (text.n && attributes_has(walk, key))
        walk->fn(walk->context, key, &(struct span_value){.type = SPAN_VALUE_STRING, .ours = true, .text = text});
}

ATTRIBUTES_INLINE void attributes_add_number(const struct attributes_walk *walk, const char *key, int64_t number)
{
    if (attributes_has(walk, key))
        walk->fn(walk->context, key, &(struct span_value){.type = SPAN_VALUE_INT, .number = number});
}

ATTRIBUTES_INLINE void attributes_add_address(const struct attributes_walk *walk, const char *address_key,
                                              const char *port_key, struct str address, uint16_t port)
{
    attributes_add_text(walk, address_key, address);
    if (port)
        attributes_add_number(walk, port_key, port);
}

ATTRIBUTES_INLINE void attributes_add_ends(const struct attributes_walk *walk, const struct span *span)
{
    struct str client = {span->client.text, span->client.n}, server = {span->server.text, span->server.n};
    bool credentials;
    if (span->forwarded_for.n) { // the client is not who connected
        attributes_add_text(walk, "client.address", span->forwarded_for);
        attributes_add_address(walk, "network.peer.address", "network.peer.port", client, span->client.port);
    } else {
        attributes_add_address(walk, "client.address", "client.port", client, span->client.port);
    }
    attributes_add_address(walk, "server.address", "server.port", attributes_host(span->server_address, &credentials),
                           span->server_port);
    if (span->kind == SPAN_KIND_SERVER)
        attributes_add_address(walk, "network.local.address", "network.local.port", server, span->server.port);
    else
        attributes_add_address(walk, "network.peer.address", "network.peer.port", server, span->server.port);
}

// As span_attributes_walk; pid in place of span->process, which may be gone by then.
ATTRIBUTES_INLINE void attributes_list(const struct span *span, uint32_t pid, span_attribute_fn *fn, void *context)
{
    const struct attributes_walk walk = {span->selection, fn, context};
    struct attributes_text built; // not by an initializer, which would clear it all
    bool cut = span->truncated;

    attributes_add_name(&walk, "http.request.method", str_from(http_method_name(span->method)));
    if (span->method == HTTP_METHOD_OTHER)
        attributes_add_text(&walk, "http.request.method_original", span->method_original);
    attributes_add_text(&walk, "url.path", span->path);
    if (span->query.n) {
        attributes_query(&built, span->query);
        attributes_add_text(&walk, "url.query", (struct str){built.p, built.n});
        cut |= built.cut;
    }
    attributes_add_name(&walk, "url.scheme", str_from(span->scheme));
    if (span->status)
        attributes_add_number(&walk, "http.response.status_code", span->status);
    if (span->kind == SPAN_KIND_SERVER)
        attributes_add_text(&walk, "http.route", span->route);
    else
        attributes_add_text(&walk, "url.template", span->route);
    if (span->request_body != SPAN_SIZE_UNKNOWN)
        attributes_add_number(&walk, "http.request.body.size", span->request_body);
    if (span->response_body != SPAN_SIZE_UNKNOWN)
        attributes_add_number(&walk, "http.response.body.size", span->response_body);
    attributes_add_name(&walk, "network.protocol.version", str_from(http_version_name(span->version)));
    attributes_add_ends(&walk, span);
    attributes_add_text(&walk, "user_agent.original", span->user_agent);
    attributes_add_name(&walk, "error.type", str_from(span->error_type));
    attributes_add_number(&walk, "process.pid", pid);
    if (span->kind == SPAN_KIND_CLIENT) {
        if (attributes_url(&built, span))
            attributes_add_text(&walk, "url.full", (struct str){built.p, built.n});
        cut |= built.cut;
    }
    if (cut)
        fn(context, "redstart.truncated", &(struct span_value){.type = SPAN_VALUE_BOOL, .number = 1});
}
