// Aggregation of finished exchanges into series; see red.h. Called once per span and by the exporters, on one thread.
// Host and route are foreign text: cut, made valid UTF-8 without control characters before they become part of a key,
// so that two series never look the same on a page.
//
// Series hang in one open-addressing table (linear probing, hashes beside the pointers, at most two thirds full, sized
// once from the cap) and in a list per kind. Only a new series allocates.
#include "collector/red/red.h"

#include <errno.h>
#include "collector/core/clock.h"
#include "collector/core/hash.h"
#include "collector/core/utf8.h"
#include "collector/red/series.h"

// Series for what is beyond the cap: one for each kind and service, and of those so many of each kind.
#define RED_OVERFLOW_SERIES_MAX 512

const struct red_instrument_info red_instruments[SPAN_KIND_MAX][RED_INSTRUMENT_MAX] = {
#define BOUNDS_DURATION      &histogram_bounds_duration
#define BOUNDS_REQUEST_SIZE  &histogram_bounds_size
#define BOUNDS_RESPONSE_SIZE &histogram_bounds_size
#define BOUNDS_QUEUE         &histogram_bounds_duration
#define X(id, name, unit, prometheus_name, description)                                                                \
    [RED_##id] = {name, unit, prometheus_name, description, BOUNDS_##id},
    [SPAN_KIND_SERVER] = {RED_INSTRUMENTS_SERVER(X)},
    [SPAN_KIND_CLIENT] = {RED_INSTRUMENTS_CLIENT(X)},
#undef X
};

// What makes a series; texts are clean and cut to what a series can hold.
struct red_key {
    enum span_kind kind;
    const struct service *service;
    enum http_method method;
    uint16_t status, server_port;
    struct str server_address, route;
    const char *scheme, *version, *error_type;
    bool overflow;
};

struct red_slot {
    uint64_t hash;
    struct red_series *series; // NULL: free
};

struct red_list {
    struct red_series *first, *last;
    unsigned count, overflow_count;
    uint64_t last_id, overflowed;
    uint64_t forgotten_unix_ns; // when a series was forgotten last: none begins before
};

struct red {
    struct red_slot *slots;
    size_t slot_mask;
    unsigned max_series, extras;
    uint64_t ttl_ns, seed;
    struct red_list list[SPAN_KIND_MAX];
    struct red_list gone;
};

void red_ttl(struct red *red, uint64_t ttl_ns)
{
    red->ttl_ns = ttl_ns;
}

int red_new(struct red **ret_red, unsigned max_series, uint64_t ttl_ns)
{
    size_t room = SPAN_KIND_MAX * ((size_t)max_series + RED_OVERFLOW_SERIES_MAX), slots = 1;
    while (slots < room + room / 2)
        slots *= 2;
    struct red *red = calloc(1, sizeof(*red));
    struct red_slot *table = calloc(slots, sizeof(*table));
    if (!red || !table) {
        free(red);
        free(table);
        return -ENOMEM;
    }
    *red = (struct red){.slots = table, .slot_mask = slots - 1, .max_series = max_series, .ttl_ns = ttl_ns};
    red->seed = hash_seed(); // hosts are chosen by strangers: without a secret they could choose them to collide
    *ret_red = red;
    return 0;
}

static void list_free(const struct red_list *list)
{
    for (struct red_series *series = list->first, *next; series; series = next) {
        next = series->next;
        red_series_free(series);
    }
}

void red_free(struct red *red)
{
    if (!red)
        return;
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        list_free(&red->list[kind]);
    list_free(&red->gone);
    free(red->slots);
    free(red);
}

void red_keep(struct red *red, unsigned extras)
{
    red->extras |= extras;
}

static uint64_t key_hash(const struct red *red, const struct red_key *key)
{
    uint64_t numbers = (uint64_t)key->method << 48 | (uint64_t)key->status << 32 | (uint64_t)key->server_port << 16 |
                       (uint64_t)key->kind << 8 | key->overflow;
    uint64_t hash = hash_mix(red->seed ^ (uintptr_t)key->service, numbers);
    hash = hash_text(hash, str_from(key->scheme));
    hash = hash_text(hash, str_from(key->version));
    hash = hash_text(hash, str_from(key->error_type));
    hash = hash_text(hash, key->server_address);
    return hash_text(hash, key->route);
}

// Static strings, mostly the same pointer.
static bool text_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

// The other series of one key; texts in a series end in NUL and hold none.
static bool key_fits(const struct red_key *key, const struct red_series *series)
{
    return key->kind == series->kind && key->service == series->service && key->overflow == series->overflow &&
           key->method == series->method && key->status == series->status && key->server_port == series->server_port &&
           text_equal(key->scheme, series->scheme) && text_equal(key->version, series->version) &&
           text_equal(key->error_type, series->error_type) &&
           str_equal(key->server_address, str_from(series->server_address)) &&
           str_equal(key->route, str_from(series->route));
}

// The key's slot, or the free one where it belongs.
static struct red_slot *slot_find(const struct red *red, const struct red_key *key, uint64_t hash)
{
    size_t i = hash & red->slot_mask;
    while (red->slots[i].series && !(red->slots[i].hash == hash && key_fits(key, red->slots[i].series)))
        i = (i + 1) & red->slot_mask;
    return &red->slots[i];
}

static void list_append(struct red_list *list, struct red_series *series)
{
    if (list->last)
        list->last->next = series;
    else
        list->first = series;
    list->last = series;
    series->next = NULL;
    list->count++;
}

static struct red_series *series_new(struct red_list *list, const struct red_key *key, const struct span *span)
{
    struct red_series *series = calloc(1, sizeof(*series));
    if (!series)
        return NULL;
    *series = (struct red_series){
        .id = ++list->last_id,
        .kind = key->kind,
        .service = key->service,
        .method = key->method,
        .status = key->status,
        .server_port = key->server_port,
        .scheme = key->scheme,
        .version = key->version,
        .error_type = key->error_type,
        .overflow = key->overflow,
        // A series that comes back must not begin in a time that was reported already: a long request may have.
        .start_unix_ns =
            span->start_unix_ns > list->forgotten_unix_ns ? span->start_unix_ns : list->forgotten_unix_ns,
    };
    if (key->server_address.n)
        memcpy(series->server_address, key->server_address.p, key->server_address.n);
    if (key->route.n)
        memcpy(series->route, key->route.p, key->route.n);
    list_append(list, series);
    list->overflow_count += key->overflow;
    return series;
}

// The series of this key, made if need be; NULL beyond the cap or out of memory.
static struct red_series *series_get(struct red *red, const struct red_key *key, const struct span *span)
{
    uint64_t hash = key_hash(red, key);
    struct red_slot *slot = slot_find(red, key, hash);
    if (slot->series)
        return slot->series;
    struct red_list *list = &red->list[key->kind];
    unsigned used = key->overflow ? list->overflow_count : list->count - list->overflow_count;
    if (used >= (key->overflow ? RED_OVERFLOW_SERIES_MAX : red->max_series))
        return NULL;
    slot->series = series_new(list, key, span);
    slot->hash = hash;
    return slot->series;
}

// A host without credentials: "user:secret@host" is "host".
static struct str host_bare(struct str host)
{
    const char *at = host.n ? memrchr(host.p, '@', host.n) : NULL;
    return at ? (struct str){at + 1, host.n - (size_t)(at + 1 - host.p)} : host;
}

void red_record(struct red *red, const struct span *span)
{
    char address[sizeof(((struct red_series *)NULL)->server_address)];
    char route[sizeof(((struct red_series *)NULL)->route)];
    bool client = span->kind == SPAN_KIND_CLIENT;
    struct red_key key = {
        .kind = span->kind,
        .service = span->process->service,
        .method = span->method,
        .status = span->status,
        // What a server was asked for is the client's choice; the port it was reached at is not.
        .server_port = client ? span->server_port : span->server.port,
        .server_address = client ? utf8_clean(host_bare(span->server_address), address, sizeof(address)) : STR(""),
        .route = utf8_clean(span->route, route, sizeof(route)),
        .scheme = span->scheme,
        .version = http_version_name(span->version),
        .error_type = span->error_type,
    };
    struct red_series *series = series_get(red, &key, span);
    if (!series) {
        red->list[span->kind].overflowed++;
        key = (struct red_key){.kind = span->kind, .service = span->process->service, .overflow = true};
        series = series_get(red, &key, span);
    }
    if (series)
        red_series_add(series, span, red->extras);
}

static bool series_expired(const struct red *red, const struct red_series *series, uint64_t now_ns)
{
    return now_ns > series->last_monotonic_ns && now_ns - series->last_monotonic_ns > red->ttl_ns;
}

// Frees a slot. Those behind it move up as far as their searches still find them, so that no search ends too early.
static void slot_clear(struct red *red, size_t hole)
{
    for (size_t i = (hole + 1) & red->slot_mask; red->slots[i].series; i = (i + 1) & red->slot_mask) {
        size_t from_home = (i - red->slots[i].hash) & red->slot_mask;
        if (from_home < ((i - hole) & red->slot_mask))
            continue;
        red->slots[hole] = red->slots[i];
        hole = i;
    }
    red->slots[hole] = (struct red_slot){0};
}

static void series_forget(struct red *red, struct red_series *series)
{
    if (red->extras & RED_EXTRA_GONE && red->gone.count < RED_GONE_MAX)
        list_append(&red->gone, series);
    else
        red_series_free(series);
}

static void list_expire(struct red *red, struct red_list *list, uint64_t now_ns)
{
    struct red_series **link = &list->first;
    list->last = NULL;
    while (*link) {
        struct red_series *series = *link;
        if (!series_expired(red, series, now_ns)) {
            list->last = series;
            link = &series->next;
            continue;
        }
        *link = series->next;
        list->forgotten_unix_ns = clock_to_unix(now_ns);
        list->count--;
        list->overflow_count -= series->overflow;
        series_forget(red, series);
    }
}

void red_expire(struct red *red, uint64_t now_monotonic_ns)
{
    if (!red->ttl_ns)
        return;
    for (size_t i = 0; i <= red->slot_mask; i++)
        while (red->slots[i].series && series_expired(red, red->slots[i].series, now_monotonic_ns))
            slot_clear(red, i); // may bring another series here
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        list_expire(red, &red->list[kind], now_monotonic_ns);
}

const struct red_series *red_gone(const struct red *red)
{
    return red->gone.first;
}

void red_gone_release(struct red *red, const struct red_series *last)
{
    for (bool more = red->gone.first; more;) {
        struct red_series *series = red->gone.first;
        red->gone.first = series->next;
        red->gone.count--;
        more = series != last && series->next;
        red_series_free(series);
    }
    if (!red->gone.first)
        red->gone.last = NULL;
}

const struct red_series *red_first(const struct red *red, enum span_kind kind)
{
    return red->list[kind].first;
}

unsigned red_series_count(const struct red *red)
{
    unsigned count = 0;
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        count += red->list[kind].count;
    return count;
}

uint64_t red_overflowed(const struct red *red, enum span_kind kind)
{
    return red->list[kind].overflowed;
}
