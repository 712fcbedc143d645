// Routes that were learned: for each service and direction a tree of the places that paths have shown (after
// route_shape.c), which bounds what the heuristic leaves. Where more than so many different values were seen, all
// become
// "{id}", but for those that most requests went to. Called by route.c. The texts are foreign.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "common/lib/cleanup.h"
#include "common/lib/str.h"

#define ROUTE_TREE_PLACES 16   // segments of a learned route
#define ROUTE_TREE_TEXT   127  // bytes of one; what is longer ends in "/**"
#define ROUTE_TREE_NODES  1024 // places of a service and direction
#define ROUTE_TREE_ALL    8192 // places in all: at most some 1.5 MB
#define ROUTE_TREE_REST   STR("**")

struct route_tree;
// values: at one place. 0 or -ENOMEM.
int route_tree_new(struct route_tree **ret_tree, unsigned values) must_check;
void route_tree_free(struct route_tree *tree);

struct route_places {
    struct str place[ROUTE_TREE_PLACES];
    unsigned count;
    bool more;   // something follows that is not known: the route ends in "/**"
    bool unsure; // the server does not know this path (404): it may add a few values, so that a scanner does not fill
                 // the places with its guesses
};
// The node of this path's route, learned if it is new; node 0 is "/**". tree_key: of service and direction, small.
uint32_t route_tree_learn(struct route_tree *tree, uint32_t tree_key, const struct route_places *places);
// The route's text, valid until the next learning. Counts a request.
struct str route_tree_hit(struct route_tree *tree, uint32_t node);
// Changes when nodes that were returned are none any more.
uint32_t route_tree_generation(const struct route_tree *tree);
