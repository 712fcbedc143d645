// See attribute_selection.h.
#include "collector/conf/attribute_selection.h"

#include <fnmatch.h>
#include <string.h>

#define NAME_MAX_BYTES 128

int attribute_selection_add(struct attribute_selection *selection, const struct attribute_rule *rule, const char *what,
                            struct complaint *complaint)
{
    if (!rule->target[0] || strlen(rule->target) >= NAME_MAX_BYTES)
        return complaint_error(complaint, "%s: expected the name of a metric, a glob of such names, or traces", what);
    if (!rule->attribute[0] || strlen(rule->attribute) >= NAME_MAX_BYTES)
        return complaint_error(complaint, "%s: expected the name of an attribute or a glob", what);
    if (selection->count == ATTRIBUTE_RULES_MAX)
        return complaint_error(complaint, "%s: expected at most %d attributes in all", what, ATTRIBUTE_RULES_MAX);
    selection->rule[selection->count++] = *rule;
    return 0;
}

static void underscored(const char *name, char *to)
{
    size_t i = 0;
    for (; name[i] && i < NAME_MAX_BYTES - 1; i++)
        to[i] = name[i] == '.' ? '_' : name[i];
    to[i] = 0;
}

// A dot is like any other character to a star.
static bool name_matches(const char *glob, const char *name)
{
    char page_name[NAME_MAX_BYTES];
    underscored(name, page_name);
    return fnmatch(glob, name, 0) == 0 || fnmatch(glob, page_name, 0) == 0;
}

bool attribute_selected(const struct attribute_selection *selection, const char *target, const char *other_name,
                        const char *attribute, bool by_default)
{
    bool included = false, includes = false;
    for (unsigned i = 0; i < selection->count; i++) {
        const struct attribute_rule *rule = &selection->rule[i];
        bool traces = strcmp(target, ATTRIBUTE_TRACES) == 0;
        bool meant = traces ? strcmp(rule->target, ATTRIBUTE_TRACES) == 0
                            : name_matches(rule->target, target) || name_matches(rule->target, other_name);
        if (!meant)
            continue;
        bool matches = name_matches(rule->attribute, attribute);
        if (rule->exclude && matches)
            return false;
        includes |= !rule->exclude;
        included |= !rule->exclude && matches;
    }
    return includes ? included : by_default;
}
