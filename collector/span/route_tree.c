// See route_tree.h. All trees' nodes lie in one array and know each other by index; 0 is no node, and stands for the
// route "/**" of whatever finds no room. A place's values are a list, which is only walked for a path that route.c's
// cache does not know.
#include "collector/span/route_tree.h"

#include <errno.h>
#include "collector/core/hash.h"

#define KEYS_MAX     8192 // services times directions; the others have the route "/**"
#define UNSURE_SHARE 4    // of a place's values: 1/4 may come from paths that the server does not know
#define OFTEN_SHARE  16   // at a place that varies, values with 1/16 of its requests stay
#define OFTEN_HITS   8    // and at least so many
#define ROOM_EVERY   64   // paths: how often room is sought where there is none

struct node {
    uint32_t parent, child, sibling; // sibling: also of free nodes
    uint32_t hash;                   // of the text
    uint32_t hits;                   // requests whose route ends here
    uint16_t tree;                   // index of its tree
    uint16_t values;                 // different children other than "{id}" and "**"
    bool varies;                     // there were too many: new values are "{id}"
    uint8_t text_size;
    char *text;  // of the place
    char *route; // whole; NULL: no path ended here yet
};

struct tree {
    uint32_t root, nodes; // root 0: not begun
};

struct route_tree {
    unsigned values_max, short_of_room;
    uint32_t generation, used, free; // nodes ever used; list of free ones
    uint64_t seed;
    struct tree trees[KEYS_MAX];
    struct node nodes[ROUTE_TREE_ALL + 1];
};

int route_tree_new(struct route_tree **ret_tree, unsigned values)
{
    struct route_tree *tree = calloc(1, sizeof *tree); // large: pages that are not touched take no memory
    if (!tree)
        return -ENOMEM;
    tree->values_max = values;
    tree->seed = hash_seed();
    *ret_tree = tree;
    return 0;
}

void route_tree_free(struct route_tree *tree)
{
    if (!tree)
        return;
    for (uint32_t i = 1; i <= tree->used; i++) {
        free(tree->nodes[i].text);
        free(tree->nodes[i].route);
    }
    free(tree);
}

uint32_t route_tree_generation(const struct route_tree *tree)
{
    return tree->generation;
}

static bool node_is(const struct node *node, struct str text)
{
    return str_equal((struct str){node->text, node->text_size}, text);
}

static bool text_is_value(struct str text)
{
    return !str_equal(text, STR("{id}")) && !str_equal(text, ROUTE_TREE_REST);
}

static uint32_t node_new(struct route_tree *tree, uint16_t key, uint32_t parent, struct str text)
{
    uint32_t at = tree->free ? tree->free : tree->used + 1;
    if (at > ROUTE_TREE_ALL || tree->trees[key].nodes == ROUTE_TREE_NODES)
        return 0;
    char *copy = malloc(text.n + 1);
    if (!copy)
        return 0;
    if (tree->free)
        tree->free = tree->nodes[at].sibling;
    else
        tree->used++;
    if (text.n)
        memcpy(copy, text.p, text.n);
    tree->nodes[at] = (struct node){
        .parent = parent,
        .tree = key,
        .text = copy,
        .text_size = (uint8_t)text.n,
        .hash = (uint32_t)hash_text(tree->seed, text),
        .sibling = tree->nodes[parent].child,
    };
    tree->trees[key].nodes++;
    if (parent) {
        tree->nodes[parent].child = at;
        tree->nodes[parent].values += text_is_value(text);
    }
    return at;
}

static void node_free(struct route_tree *tree, uint32_t at)
{
    struct node *node = &tree->nodes[at];
    tree->trees[node->tree].nodes--;
    free(node->text);
    free(node->route);
    *node = (struct node){.sibling = tree->free};
    tree->free = at;
}

// Frees a node and all below it, the lowest first.
static void subtree_free(struct route_tree *tree, uint32_t top)
{
    uint32_t at = top;
    for (;;) {
        while (tree->nodes[at].child)
            at = tree->nodes[at].child;
        uint32_t parent = tree->nodes[at].parent, sibling = tree->nodes[at].sibling;
        node_free(tree, at);
        if (at == top)
            return;
        tree->nodes[parent].child = sibling;
        at = parent;
    }
}

static uint64_t subtree_hits(const struct route_tree *tree, uint32_t top)
{
    uint64_t hits = 0;
    for (uint32_t at = top;;) {
        hits += tree->nodes[at].hits;
        if (tree->nodes[at].child) {
            at = tree->nodes[at].child;
            continue;
        }
        while (at != top && !tree->nodes[at].sibling)
            at = tree->nodes[at].parent;
        if (at == top)
            return hits;
        at = tree->nodes[at].sibling;
    }
}

// Too many values: from now on the place varies. Of those seen, only the often asked for stay.
static void place_collapse(struct route_tree *tree, uint32_t place)
{
    struct node *node = &tree->nodes[place];
    uint64_t whole = subtree_hits(tree, place);
    node->varies = true;
    tree->generation++;
    for (uint32_t *link = &node->child; *link;) {
        uint32_t child = *link;
        uint64_t hits = subtree_hits(tree, child);
        bool value = text_is_value((struct str){tree->nodes[child].text, tree->nodes[child].text_size});
        if (!value || (hits >= OFTEN_HITS && hits >= whole / OFTEN_SHARE)) {
            link = &tree->nodes[child].sibling;
            continue;
        }
        *link = tree->nodes[child].sibling;
        tree->nodes[child].sibling = 0;
        node->values--;
        subtree_free(tree, child);
    }
}

static uint32_t child_find(const struct route_tree *tree, uint32_t parent, struct str text)
{
    uint32_t hash = (uint32_t)hash_text(tree->seed, text);
    for (uint32_t at = tree->nodes[parent].child; at; at = tree->nodes[at].sibling)
        if (tree->nodes[at].hash == hash && node_is(&tree->nodes[at], text))
            return at;
    return 0;
}

static uint32_t child_get(struct route_tree *tree, uint32_t parent, struct str text)
{
    uint32_t at = child_find(tree, parent, text);
    return at ? at : node_new(tree, tree->nodes[parent].tree, parent, text);
}

// The place below parent for this text; 0: there is none and may be none.
static uint32_t place_learn(struct route_tree *tree, uint32_t parent, struct str text, bool unsure)
{
    struct node *node = &tree->nodes[parent];
    uint32_t at = child_find(tree, parent, text);
    if (at)
        return at;
    if (!text_is_value(text))
        return child_get(tree, parent, text);
    if (!node->varies && node->values >= tree->values_max && !unsure)
        place_collapse(tree, parent);
    if (node->varies)
        return child_get(tree, parent, STR("{id}"));
    if (unsure && node->values >= (tree->values_max + UNSURE_SHARE - 1) / UNSURE_SHARE)
        return 0;
    return child_get(tree, parent, text);
}

// Room for a whole path, if need be from the place that has the most values.
static void room_make(struct route_tree *tree, uint32_t key)
{
    const uint32_t need = ROUTE_TREE_PLACES + 2;
    bool all_full = !tree->free && tree->used + need > ROUTE_TREE_ALL;
    uint32_t place = 0;
    if (!all_full && tree->trees[key].nodes + need <= ROUTE_TREE_NODES)
        return;
    if (tree->short_of_room++ % ROOM_EVERY)
        return; // all nodes are looked at: not for each of a flood of paths
    for (uint32_t at = 1; at <= tree->used; at++)
        if (tree->nodes[at].text && (all_full || tree->nodes[at].tree == key) && !tree->nodes[at].varies &&
            tree->nodes[at].values > tree->nodes[place].values)
            place = at;
    if (place)
        place_collapse(tree, place);
}

// The route's text from its places; NULL when out of memory.
static char *route_write(const struct route_tree *tree, uint32_t node)
{
    size_t size = 1;
    for (uint32_t at = node; tree->nodes[at].parent; at = tree->nodes[at].parent)
        size += tree->nodes[at].text_size + 1u;
    char *route = malloc(size + 1);
    if (!route)
        return NULL;
    char *end = route + size - 1;
    *end = 0;
    for (uint32_t at = node; tree->nodes[at].parent; at = tree->nodes[at].parent) {
        end -= tree->nodes[at].text_size;
        memcpy(end, tree->nodes[at].text, tree->nodes[at].text_size);
        *--end = '/';
    }
    if (!tree->nodes[node].parent)
        strcpy(route, "/");
    return route;
}

// The end of a path whose rest is not told: "<places so far>/**".
static uint32_t rest_learn(struct route_tree *tree, uint32_t at)
{
    return child_get(tree, at, ROUTE_TREE_REST);
}

uint32_t route_tree_learn(struct route_tree *tree, uint32_t tree_key, const struct route_places *places)
{
    if (tree_key >= KEYS_MAX)
        return 0;
    room_make(tree, tree_key);
    struct tree *whole = &tree->trees[tree_key];
    if (!whole->root)
        whole->root = node_new(tree, (uint16_t)tree_key, 0, STR(""));
    uint32_t at = whole->root;
    size_t size = 0;
    bool more = places->more;
    for (unsigned i = 0; i < places->count && at; i++) {
        size_t room = ROUTE_TREE_TEXT - size - (1 + ROUTE_TREE_REST.n);
        uint32_t next = places->place[i].n + 1 <= room ? place_learn(tree, at, places->place[i], places->unsure) : 0;
        if (!next) {
            more = true;
            break;
        }
        at = next;
        size += tree->nodes[at].text_size + 1u;
    }
    if (more && at)
        at = rest_learn(tree, at);
    if (at && !tree->nodes[at].route)
        tree->nodes[at].route = route_write(tree, at);
    return at && tree->nodes[at].route ? at : 0;
}

struct str route_tree_hit(struct route_tree *tree, uint32_t node)
{
    if (!node)
        return STR("/**");
    if (tree->nodes[node].hits < UINT32_MAX)
        tree->nodes[node].hits++;
    return str_from(tree->nodes[node].route);
}
