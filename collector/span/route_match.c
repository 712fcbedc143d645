// See route_match.h. The nodes of all tries lie in one array and know each other by index; 0 is none.
#include "collector/span/route_match.h"

#include <errno.h>
#include <stddef.h>
#include "collector/core/arena.h"

// In the order in which they are tried.
enum node_kind { LITERAL, AFFIX, PARAMETER, REST };

struct node {
    enum node_kind kind;
    struct str before, behind; // LITERAL: before; AFFIX: text around the name
    uint32_t child, sibling;
    bool ends; // a pattern does here
    struct str pattern;
    uint8_t ignore;
};

enum purpose { ROUTE, IGNORE, PURPOSE_MAX };

// The tries for one service.
struct root {
    struct str service; // "": all
    uint32_t node[SPAN_KIND_MAX][PURPOSE_MAX];
};

struct route_match {
    struct arena texts;
    struct root *roots; // [0]: all services
    unsigned root_count;
    struct node *nodes;
    uint32_t node_count;
};

static struct str segment_next(struct str *rest)
{
    while (rest->n && rest->p[0] == '/') {
        rest->p++;
        rest->n--;
    }
    const char *slash = rest->n ? memchr(rest->p, '/', rest->n) : NULL;
    struct str segment = {rest->p, slash ? (size_t)(slash - rest->p) : rest->n};
    rest->p += segment.n;
    rest->n -= segment.n;
    return segment;
}

// A `*` at the end takes the rest, one before it a segment.
static struct node node_of(struct str segment, bool last)
{
    struct node node = {.kind = LITERAL, .before = segment};
    const char *open = memchr(segment.p, '{', segment.n), *close = memchr(segment.p, '}', segment.n);
    if (segment.p[0] == '*')
        node.kind = last ? REST : PARAMETER;
    else if (segment.p[0] == ':')
        node.kind = PARAMETER;
    else if (open && close) {
        node.before = (struct str){segment.p, (size_t)(open - segment.p)};
        node.behind = (struct str){close + 1, (size_t)(segment.p + segment.n - close - 1)};
        node.kind = node.before.n + node.behind.n ? AFFIX : PARAMETER;
    }
    if (node.kind == PARAMETER || node.kind == REST)
        node.before = STR("");
    return node;
}

static bool node_precedes(const struct node *a, const struct node *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind;
    return a->before.n + a->behind.n > b->before.n + b->behind.n;
}

static bool node_same(const struct node *a, const struct node *b)
{
    return a->kind == b->kind && str_equal(a->before, b->before) && str_equal(a->behind, b->behind);
}

static uint32_t node_new(struct route_match *match, const struct node *node)
{
    match->nodes[++match->node_count] = *node;
    return match->node_count;
}

// The child of this form, made if need be, at its place among its siblings.
static uint32_t child_get(struct route_match *match, uint32_t parent, const struct node *form)
{
    uint32_t *link = &match->nodes[parent].child;
    for (; *link; link = &match->nodes[*link].sibling) {
        if (node_same(&match->nodes[*link], form))
            return *link;
        if (node_precedes(form, &match->nodes[*link]))
            break;
    }
    struct node node = *form;
    node.sibling = *link;
    return *link = node_new(match, &node);
}

// Literal text as paths have it: decoded.
static void form_decode(struct route_match *match, struct node *form)
{
    if (form->kind == LITERAL && memchr(form->before.p, '%', form->before.n))
        form->before = route_path_decode(form->before, arena_take(&match->texts, form->before.n));
}

static void pattern_add(struct route_match *match, uint32_t root, struct str pattern, uint8_t ignore)
{
    struct str rest = pattern, segment = segment_next(&rest);
    uint32_t at = root;
    while (segment.n) {
        struct str next = segment_next(&rest);
        struct node form = node_of(segment, next.n == 0);
        form_decode(match, &form);
        at = child_get(match, at, &form);
        segment = next;
    }
    struct node *node = &match->nodes[at];
    if (!node->ends) // of patterns that differ in their names only, the first one
        node->pattern = pattern;
    node->ends = true;
    node->ignore |= ignore;
}

static struct root *root_get(struct route_match *match, struct str service)
{
    for (unsigned i = 0; i < match->root_count; i++)
        if (str_equal(match->roots[i].service, service))
            return &match->roots[i];
    struct root *root = &match->roots[match->root_count++];
    root->service = service;
    for (unsigned i = 0; i < SPAN_KIND_MAX * PURPOSE_MAX; i++)
        root->node[i / PURPOSE_MAX][i % PURPOSE_MAX] = node_new(match, &(struct node){0});
    return root;
}

static int match_fill(struct route_match *match, const struct route_config *config)
{
    root_get(match, STR(""));
    for (unsigned i = 0; i < config->count; i++) {
        const struct route_pattern *from = &config->patterns[i];
        struct str pattern = arena_copy(&match->texts, str_from(from->pattern));
        struct str service = arena_copy(&match->texts, str_from(from->service));
        if (!pattern.p)
            return -ENOMEM; // not reached: there is room for all
        const struct root *root = root_get(match, service);
        enum purpose purpose = from->ignore ? IGNORE : ROUTE;
        if (from->incoming)
            pattern_add(match, root->node[SPAN_KIND_SERVER][purpose], pattern, from->ignore);
        if (from->outgoing)
            pattern_add(match, root->node[SPAN_KIND_CLIENT][purpose], pattern, from->ignore);
    }
    return 0;
}

// The most that a configuration can need.
static void sizes_count(const struct route_config *config, size_t *ret_texts, size_t *ret_nodes)
{
    size_t texts = 64, nodes = 1 + SPAN_KIND_MAX * PURPOSE_MAX * (size_t)(config->count + 1);
    for (unsigned i = 0; i < config->count; i++) {
        const struct route_pattern *pattern = &config->patterns[i];
        size_t segments = 0, directions = (size_t)pattern->incoming + pattern->outgoing;
        for (const char *at = pattern->pattern; *at; at++)
            segments += *at == '/';
        nodes += segments * directions;
        texts += (1 + directions) * strlen(pattern->pattern) + str_from(pattern->service).n +
                 segments * directions * _Alignof(max_align_t); // decoded pieces are aligned
    }
    *ret_texts = texts;
    *ret_nodes = nodes;
}

int route_match_new(struct route_match **ret_match, const struct route_config *config)
{
    size_t texts, nodes;
    sizes_count(config, &texts, &nodes);
    struct route_match *match = calloc(1, sizeof *match);
    if (!match)
        return -ENOMEM;
    match->roots = calloc(config->count + 1, sizeof *match->roots);
    match->nodes = calloc(nodes, sizeof *match->nodes);
    int r = match->roots && match->nodes ? arena_init(&match->texts, texts) : -ENOMEM;
    if (r == 0)
        r = match_fill(match, config);
    if (r < 0)
        route_match_free(match);
    else
        *ret_match = match;
    return r;
}

void route_match_free(struct route_match *match)
{
    if (!match)
        return;
    arena_release(&match->texts);
    free(match->roots);
    free(match->nodes);
    free(match);
}

static bool node_fits(const struct node *node, struct str segment)
{
    switch (node->kind) {
    case LITERAL:
        return str_equal(node->before, segment);
    case AFFIX:
        return segment.n > node->before.n + node->behind.n && str_starts(segment, node->before) &&
               memcmp(segment.p + segment.n - node->behind.n, node->behind.p, node->behind.n) == 0;
    case PARAMETER:
    case REST:
        return true;
    }
    return false;
}

// Where a path may end that has led to this node: itself, or a * below it, which takes nothing as well.
static const struct node *node_end(const struct route_match *match, const struct node *node, bool more)
{
    if (node->ends && !more)
        return node;
    for (uint32_t at = node->child; at; at = match->nodes[at].sibling)
        if (match->nodes[at].kind == REST)
            return &match->nodes[at];
    return NULL;
}

static const struct node *trie_search(const struct route_match *match, uint32_t root, const struct route_path *path)
{
    uint32_t next[ROUTE_PATTERN_PLACES + 1]; // at each depth, the node to try next
    unsigned depth = 0;
    if (path->count == 0)
        return node_end(match, &match->nodes[root], path->more);
    next[0] = match->nodes[root].child;
    for (;;) {
        uint32_t at = next[depth];
        while (at && !node_fits(&match->nodes[at], path->segment[depth]))
            at = match->nodes[at].sibling;
        if (!at) {
            if (depth-- == 0)
                return NULL;
            continue;
        }
        const struct node *node = &match->nodes[at];
        next[depth] = node->sibling;
        if (node->kind == REST)
            return node;
        if (depth + 1 < path->count) {
            next[++depth] = node->child;
            continue;
        }
        const struct node *end = node_end(match, node, path->more);
        if (end)
            return end;
    }
}

struct route_found route_match_find(const struct route_match *match, const struct route_path *path, enum span_kind kind,
                                    struct str service)
{
    struct route_found found = {0};
    const struct node *node = NULL;
    for (unsigned i = match->root_count; i-- > 0;) { // that of all comes last
        const struct root *root = &match->roots[i];
        if (i > 0 && !str_equal(root->service, service))
            continue;
        const struct node *ignore = trie_search(match, root->node[kind][IGNORE], path);
        found.ignore |= ignore ? ignore->ignore : 0;
        node = node ? node : trie_search(match, root->node[kind][ROUTE], path);
    }
    if (node)
        found.route = node->pattern;
    return found;
}
