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
#include "collector/red/attribute.h"
#include "collector/red/key.h"
#include "collector/red/recent.h"
#include "collector/red/series.h"

// Series for what is beyond the cap: one for each kind and service, and of those so many of each kind.
#define RED_OVERFLOW_SERIES_MAX 512

// What a client chooses freely, beside the route.
#define ATTRIBUTES_FOREIGN                                                                                             \
    (1u << RED_ATTRIBUTE_SERVER_ADDRESS | 1u << RED_ATTRIBUTE_PATH | 1u << RED_ATTRIBUTE_CLIENT_ADDRESS)

struct red_slot {
    uint64_t hash;
    struct red_series *series; // NULL: free
};

struct red_list {
    struct red_series *first, *last;
    unsigned count;
    unsigned used[RED_INSTRUMENT_MAX][2]; // of a view, by its first instrument: series, overflow series
    uint64_t last_id, overflowed;
    uint64_t forgotten_unix_ns; // when a series was forgotten last: none begins before
};

struct views {
    unsigned count;
    struct red_view view[RED_INSTRUMENT_MAX];
};

struct red {
    enum metric_names names;
    struct views views[SPAN_KIND_MAX];
    struct red_slot *slots;
    size_t slot_mask;
    unsigned max_series, extras;
    uint64_t ttl_ns, seed;
    struct red_list list[SPAN_KIND_MAX];
    struct red_list gone;
    struct recent recent; // of servers, if these have one view and no series of theirs an address or a path
    bool recent_serves;
};

void red_ttl(struct red *red, uint64_t ttl_ns)
{
    red->ttl_ns = ttl_ns;
}

// Instruments of the same attributes share a view: without rules, all of a kind.
static void views_make(const struct attribute_selection *selection, enum span_kind kind, struct views *ret_views)
{
    *ret_views = (struct views){0};
    for (unsigned i = 0; i < RED_INSTRUMENT_MAX; i++) {
        const struct red_instrument_info *info = &red_instruments[kind][i];
        if (!info->name)
            continue;
        unsigned attributes = red_attributes_selected(selection, kind, info->name, info->prometheus_name), at = 0;
        while (at < ret_views->count && ret_views->view[at].attributes != attributes)
            at++;
        ret_views->count += at == ret_views->count;
        ret_views->view[at].attributes = attributes;
        ret_views->view[at].instruments |= 1u << i;
    }
}

int red_select(struct red *red, const struct attribute_selection *selection, enum metric_names names)
{
    size_t room = 0, slots = 1;
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++) {
        views_make(selection, kind, &red->views[kind]);
        room += red->views[kind].count * ((size_t)red->max_series + RED_OVERFLOW_SERIES_MAX);
    }
    while (slots < room + room / 2)
        slots *= 2;
    const struct views *servers = &red->views[SPAN_KIND_SERVER];
    red->recent_serves = servers->count == 1 && !(servers->view[0].attributes & ATTRIBUTES_FOREIGN);
    red->recent = (struct recent){0};
    free(red->slots);
    red->names = names;
    red->slot_mask = slots - 1;
    red->slots = calloc(slots, sizeof(*red->slots));
    return red->slots ? 0 : -ENOMEM;
}

enum metric_names red_names(const struct red *red)
{
    return red->names;
}

int red_new(struct red **ret_red, unsigned max_series, uint64_t ttl_ns)
{
    struct red *red = calloc(1, sizeof(*red));
    if (!red)
        return -ENOMEM;
    red->max_series = max_series;
    red->ttl_ns = ttl_ns;
    red->seed = hash_seed(); // hosts are chosen by strangers: without a secret they could choose them to collide
    if (red_select(red, NULL, METRIC_NAMES_OTEL) < 0) {
        free(red);
        return -ENOMEM;
    }
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

bool red_names_ends(const struct red *red)
{
    const unsigned ends = 1u << RED_ATTRIBUTE_SERVER_ADDRESS | 1u << RED_ATTRIBUTE_CLIENT_ADDRESS;
    const struct views *views = &red->views[SPAN_KIND_SERVER];
    unsigned attributes = 0;
    for (unsigned i = 0; i < views->count; i++)
        attributes |= views->view[i].attributes;
    return attributes & ends;
}

void red_keep(struct red *red, unsigned extras)
{
    red->extras |= extras;
}

// The key's slot, or the free one where it belongs.
static struct red_slot *slot_find(const struct red *red, const struct red_key *key, uint64_t hash)
{
    size_t i = hash & red->slot_mask;
    while (red->slots[i].series && !(red->slots[i].hash == hash && red_key_fits(key, red->slots[i].series)))
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

static unsigned *list_used(struct red_list *list, unsigned instruments, bool overflow)
{
    return &list->used[__builtin_ctz(instruments)][overflow];
}

static struct red_series *series_new(struct red_list *list, const struct red_key *key, const struct span *span)
{
    struct red_series *series = calloc(1, sizeof(*series));
    if (!series)
        return NULL;
    if (!red_key_store(key, series)) {
        red_series_free(series);
        return NULL;
    }
    series->id = ++list->last_id;
    // A series that comes back must not begin in a time that was reported already: a long request may have.
    series->start_unix_ns =
        span->start_unix_ns > list->forgotten_unix_ns ? span->start_unix_ns : list->forgotten_unix_ns;
    list_append(list, series);
    ++*list_used(list, key->instruments, key->overflow);
    return series;
}

// The series of this key, made if need be; NULL beyond the cap or out of memory.
static struct red_series *series_get(struct red *red, const struct red_key *key, const struct span *span)
{
    uint64_t hash = red_key_hash(key, red->seed);
    struct red_slot *slot = slot_find(red, key, hash);
    if (slot->series)
        return slot->series;
    struct red_list *list = &red->list[key->kind];
    if (*list_used(list, key->instruments, key->overflow) >=
        (key->overflow ? RED_OVERFLOW_SERIES_MAX : red->max_series))
        return NULL;
    slot->series = series_new(list, key, span);
    slot->hash = hash;
    return slot->series;
}

// True: the request is counted in an overflow series, or nowhere.
static bool view_record(struct red *red, const struct red_view *view, const struct span *span)
{
    struct red_key_texts texts;
    struct red_key key;
    red_key_of(span, view, &texts, &key);
    struct red_series *series = series_get(red, &key, span);
    bool overflows = !series;
    if (overflows) {
        key = red_key_overflow(span, view);
        series = series_get(red, &key, span);
    } else if (red->recent_serves && span->kind == SPAN_KIND_SERVER) {
        recent_keep(&red->recent, span, series);
    }
    if (series)
        red_series_add(series, span, red->extras);
    return overflows;
}

void red_record(struct red *red, const struct span *span)
{
    const struct views *views = &red->views[span->kind];
    bool overflows = false;
    struct red_series *series = span->kind == SPAN_KIND_SERVER ? recent_find(&red->recent, span) : NULL;
    if (series) {
        red_series_add(series, span, red->extras);
        return;
    }
    for (unsigned i = 0; i < views->count; i++)
        overflows |= view_record(red, &views->view[i], span);
    red->list[span->kind].overflowed += overflows;
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
        --*list_used(list, series->instruments, series->overflow);
        series_forget(red, series);
    }
}

// The slots are as many as series could be: a walk through all of them each second is not for nothing.
static bool any_expired(const struct red *red, uint64_t now_ns)
{
    for (unsigned kind = 0; kind < SPAN_KIND_MAX; kind++)
        for (const struct red_series *series = red->list[kind].first; series; series = series->next)
            if (series_expired(red, series, now_ns))
                return true;
    return false;
}

void red_expire(struct red *red, uint64_t now_monotonic_ns)
{
    if (!red->ttl_ns || !any_expired(red, now_monotonic_ns))
        return;
    red->recent = (struct recent){0};
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

uint64_t red_overflowed(const struct red *red, enum span_kind kind)
{
    return red->list[kind].overflowed;
}
