// See route.h.
#include "collector/span/route.h"

#include <errno.h>
#include "collector/core/hash.h"
#include "collector/span/route_match.h"
#include "collector/span/route_path.h"
#include "collector/span/route_shape.h"
#include "collector/span/route_tree.h"

#define CACHE_ENTRIES  4096 // a power of two
#define HTTP_NOT_FOUND 404

// What a path gave. The hash is seeded and of 64 bits: two paths of one hash do not happen, not even on purpose.
struct remembered {
    uint64_t hash; // 0: free
    const char *pattern;
    uint32_t pattern_size;
    uint32_t node, generation; // of a learned route
    uint8_t ignored;
    bool learned;
};

struct router {
    enum route_unmatched unmatched;
    unsigned values;
    bool idle;                 // there is nothing to do
    struct route_match *match; // NULL: no patterns
    struct route_tree *tree;   // NULL: nothing is learned
    uint64_t seed;
    struct remembered cache[CACHE_ENTRIES];
    struct route_path path; // of the request at hand
};

int router_configure(struct router *router, const struct route_config *config)
{
    struct route_match *match = NULL;
    struct route_tree *tree = NULL;
    bool learns = config->unmatched == ROUTE_UNMATCHED_HEURISTIC;
    bool goes_on = learns && router->tree && router->values == config->values_per_segment;
    int r = config->count ? route_match_new(&match, config) : 0;
    if (r == 0 && learns && !goes_on)
        r = route_tree_new(&tree, config->values_per_segment);
    if (r < 0) {
        route_match_free(match);
        return r;
    }
    route_match_free(router->match);
    router->match = match;
    if (!goes_on) {
        route_tree_free(router->tree);
        router->tree = tree;
    }
    router->unmatched = config->unmatched;
    router->values = config->values_per_segment;
    router->idle = !match && config->unmatched == ROUTE_UNMATCHED_UNSET;
    memset(router->cache, 0, sizeof router->cache);
    return 0;
}

int router_new(struct router **ret_router, const struct route_config *config)
{
    struct router *router = calloc(1, sizeof *router);
    if (!router)
        return -ENOMEM;
    router->seed = hash_seed();
    int r = router_configure(router, config);
    if (r < 0)
        router_free(router);
    else
        *ret_router = router;
    return r;
}

void router_free(struct router *router)
{
    if (!router)
        return;
    route_match_free(router->match);
    route_tree_free(router->tree);
    free(router);
}

static uint64_t span_hash(const struct router *router, const struct span *span)
{
    uint64_t traits = (uint64_t)span->kind << 2 | (uint64_t)span->truncated << 1 | (span->status == HTTP_NOT_FOUND);
    uint64_t hash = hash_text(hash_mix(router->seed ^ (uintptr_t)span->process->service, traits), span->path);
    return hash ? hash : 1;
}

static uint32_t path_learn(struct router *router, const struct span *span)
{
    const struct route_path *path = &router->path;
    struct route_places places = {.more = path->more, .unsure = span->status == HTTP_NOT_FOUND};
    char scratch[ROUTE_TREE_PLACES][ROUTE_SHAPE_MAX];
    for (unsigned i = 0; i < path->count && i < ROUTE_TREE_PLACES; i++) {
        const struct route_shape_place place = {
            .segment = path->segment[i],
            .previous = i ? path->segment[i - 1] : STR(""),
            .index = i,
            .last = i + 1 == path->count && !path->more,
        };
        places.place[places.count++] = route_shape(&place, scratch[i]);
    }
    places.more |= path->count > ROUTE_TREE_PLACES;
    return route_tree_learn(router->tree, span->process->service->index * SPAN_KIND_MAX + span->kind, &places);
}

// The path has to be looked at.
static void span_find(struct router *router, const struct span *span, struct remembered *ret_remembered)
{
    struct remembered *found = ret_remembered;
    if (router->match) {
        struct str service = str_from(span->process->service->name);
        struct route_found by_pattern = route_match_find(router->match, &router->path, span->kind, service);
        found->ignored = by_pattern.ignore;
        found->pattern = by_pattern.route.p;
        found->pattern_size = (uint32_t)by_pattern.route.n;
    }
    if (found->pattern_size)
        return;
    if (router->unmatched == ROUTE_UNMATCHED_WILDCARD) {
        found->pattern = "/**";
        found->pattern_size = 3;
    } else if (router->unmatched == ROUTE_UNMATCHED_HEURISTIC) {
        found->node = path_learn(router, span);
        found->generation = route_tree_generation(router->tree);
        found->learned = true;
    }
}

void router_span(struct router *router, struct span *span)
{
    if (router->idle)
        return;
    uint64_t hash = span_hash(router, span);
    struct remembered *remembered = &router->cache[hash & (CACHE_ENTRIES - 1)];
    bool stale = remembered->learned && remembered->generation != route_tree_generation(router->tree);
    if (remembered->hash != hash || stale) {
        if (!route_path_split(span->path, span->truncated, &router->path))
            return; // "*" or an authority
        *remembered = (struct remembered){.hash = hash};
        span_find(router, span, remembered);
    }
    span->ignored = remembered->ignored;
    if (remembered->learned)
        span->route = route_tree_hit(router->tree, remembered->node);
    else if (remembered->pattern_size)
        span->route = (struct str){remembered->pattern, remembered->pattern_size};
    else if (router->unmatched == ROUTE_UNMATCHED_PATH)
        span->route = span->path;
}
