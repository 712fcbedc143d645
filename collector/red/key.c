// See key.h.
#include "collector/red/key.h"

#include "collector/core/hash.h"
#include "collector/core/utf8.h"
#include "collector/red/attribute.h"

// A host without credentials: "user:secret@host" is "host".
static struct str host_bare(struct str host)
{
    const char *at = host.n ? memrchr(host.p, '@', host.n) : NULL;
    return at ? (struct str){at + 1, host.n - (size_t)(at + 1 - host.p)} : host;
}

#define HAS(view, id) ((view)->attributes & 1u << RED_ATTRIBUTE_##id)

void red_key_of(const struct span *span, const struct red_view *view, struct red_key_texts *texts,
                struct red_key *ret_key)
{
    bool client = span->kind == SPAN_KIND_CLIENT;
    struct red_key *key = ret_key;
    *key = (struct red_key){
        .kind = span->kind,
        .instruments = view->instruments,
        .service = span->process->service,
        .method = HAS(view, METHOD) ? span->method : HTTP_METHOD_OTHER,
        .without_method = !HAS(view, METHOD),
        .status = HAS(view, STATUS) ? span->status : 0,
        .scheme = HAS(view, SCHEME) ? span->scheme : NULL,
        .version = HAS(view, VERSION) ? http_version_name(span->version) : NULL,
        .error_type = HAS(view, ERROR_TYPE) ? span->error_type : NULL,
    };
    if (HAS(view, SERVER_PORT)) // what a server was asked for is the client's choice; the port it was reached at is not
        key->server_port = client ? span->server_port : span->server.port;
    if (HAS(view, SERVER_ADDRESS))
        key->server_address = utf8_clean(host_bare(span->server_address), texts->address, sizeof texts->address);
    if (HAS(view, ROUTE) && span->route.n)
        key->route = utf8_clean(span->route, texts->route, sizeof texts->route);
    if (HAS(view, PATH))
        key->path = utf8_clean(span->path, texts->path, sizeof texts->path);
    if (HAS(view, CLIENT_ADDRESS)) {
        struct str peer = {span->client.text, span->client.n};
        key->client_address =
            utf8_clean(span->forwarded_for.n ? span->forwarded_for : peer, texts->client, sizeof texts->client);
    }
}

struct red_key red_key_overflow(const struct span *span, const struct red_view *view)
{
    return (struct red_key){
        .kind = span->kind,
        .instruments = view->instruments,
        .service = span->process->service,
        .overflow = true,
    };
}

// One byte tells texts apart that we choose ourselves: "http" and "https", "1.0" and "1.1".
static uint64_t text_mark(const char *text, size_t at)
{
    return text ? (uint8_t)text[at] : 1;
}

uint64_t red_key_hash(const struct red_key *key, uint64_t seed)
{
    uint64_t numbers = (uint64_t)key->method << 48 | (uint64_t)key->status << 32 | (uint64_t)key->server_port << 16 |
                       (uint64_t)key->instruments << 8 | (uint64_t)key->without_method << 2 | (uint64_t)key->kind << 1 |
                       key->overflow;
    uint64_t texts = text_mark(key->scheme, sizeof "http" - 1) << 8 | text_mark(key->version, sizeof "1." - 1);
    uint64_t hash = hash_mix(hash_mix(seed ^ (uintptr_t)key->service, numbers), texts);
    if (key->error_type)
        hash = hash_text(hash, str_from(key->error_type));
    if (key->server_address.n || key->route.n)
        hash = hash_text(hash_text(hash, key->server_address), key->route);
    if (key->path.n || key->client_address.n)
        hash = hash_text(hash_text(hash, key->path), key->client_address);
    return hash;
}

// Static strings, mostly the same pointer.
static bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

// kept: in a series, with a NUL behind it and none in it; the other is cut to fit there.
static inline bool text_kept(struct str text, const char *kept)
{
    if (!text.n)
        return !kept || !*kept;
    return kept && strncmp(text.p, kept, text.n) == 0 && kept[text.n] == 0;
}

bool red_key_fits(const struct red_key *key, const struct red_series *series)
{
    return key->kind == series->kind && key->service == series->service && key->overflow == series->overflow &&
           key->instruments == series->instruments && key->method == series->method &&
           key->without_method == series->without_method && key->status == series->status &&
           key->server_port == series->server_port && text_equal(key->scheme, series->scheme) &&
           text_equal(key->version, series->version) && text_equal(key->error_type, series->error_type) &&
           text_kept(key->server_address, series->server_address) && text_kept(key->route, series->route) &&
           text_kept(key->path, series->path) && text_kept(key->client_address, series->client_address);
}

static bool text_keep(struct str text, char **ret_copy)
{
    if (text.n == 0)
        return true;
    *ret_copy = strndup(text.p, text.n);
    return *ret_copy != NULL;
}

bool red_key_store(const struct red_key *key, struct red_series *series)
{
    series->kind = key->kind;
    series->instruments = key->instruments;
    series->service = key->service;
    series->method = key->method;
    series->without_method = key->without_method;
    series->status = key->status;
    series->server_port = key->server_port;
    series->scheme = key->scheme;
    series->version = key->version;
    series->error_type = key->error_type;
    series->overflow = key->overflow;
    if (key->server_address.n)
        memcpy(series->server_address, key->server_address.p, key->server_address.n);
    if (key->route.n)
        memcpy(series->route, key->route.p, key->route.n);
    return text_keep(key->path, &series->path) && text_keep(key->client_address, &series->client_address);
}
