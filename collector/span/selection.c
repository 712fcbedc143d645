// See selection.h.
#include "collector/span/selection.h"

#include <errno.h>
#include <string.h>

#define KEYS_MAX 48 // more names than spans have

struct span_selection {
    const struct attribute_selection *rules;
    unsigned count;
    struct {
        const char *key;
        bool has;
    } known[KEYS_MAX];
};

int span_selection_new(struct span_selection **ret_selection, const struct attribute_selection *rules)
{
    bool needed = false;
    for (unsigned i = 0; i < rules->count; i++)
        needed |= strcmp(rules->rule[i].target, ATTRIBUTE_TRACES) == 0;
    struct span_selection *selection = needed ? calloc(1, sizeof *selection) : NULL;
    if (needed && !selection)
        return -ENOMEM;
    if (selection)
        selection->rules = rules;
    *ret_selection = selection;
    return 0;
}

void span_selection_free(struct span_selection *selection)
{
    free(selection);
}

bool span_selection_has(struct span_selection *selection, const char *key)
{
    for (unsigned i = 0; i < selection->count; i++)
        if (selection->known[i].key == key)
            return selection->known[i].has;
    bool has = attribute_selected(selection->rules, ATTRIBUTE_TRACES, ATTRIBUTE_TRACES, key, true);
    if (selection->count < KEYS_MAX) {
        selection->known[selection->count].key = key;
        selection->known[selection->count++].has = has;
    }
    return has;
}
