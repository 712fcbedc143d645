// Beyla's `attributes.select` as ours; see beyla.h. Both name metrics and attributes with dots or as Prometheus shows
// them.
#include "collector/cli/beyla.h"
#include "collector/conf/attribute_selection.h"

// Would our file take it? If not, that is noted.
static bool is_glob(struct beyla *beyla, struct attribute_selection *selection, const struct yaml_node *target,
                    const struct yaml_node *item, bool exclude)
{
    struct complaint complaint = {0};
    bool good = item->kind == YAML_SCALAR && beyla_fits("attributes.select.*.include", item->text);
    if (good) {
        const struct attribute_rule rule = {target->key.p, item->text.p, exclude};
        good = attribute_selection_add(selection, &rule, "attributes", &complaint) == 0;
    }
    if (!good)
        beyla_note(beyla, item, "no equivalent");
    return good;
}

// "    include: [...]" of one metric; returns whether something was written.
static bool list_write(struct beyla *beyla, struct attribute_selection *selection, const struct yaml_node *target,
                       const char *key, const char *before)
{
    const struct yaml_node *list = beyla_take(beyla, target, key);
    bool any = false;
    for (const struct yaml_node *item = list && list->kind == YAML_LIST ? list->first : NULL; item; item = item->next) {
        if (!is_glob(beyla, selection, target, item, key[0] == 'e'))
            continue;
        if (!any) {
            fputs(before, beyla->out);
            if (before[0]) {
                beyla_quote(beyla->out, target->key);
                fputs(":\n", beyla->out);
            }
            fprintf(beyla->out, "      %s: [", key);
        }
        fputs(any ? ", " : "", beyla->out);
        beyla_quote(beyla->out, item->text);
        any = true;
    }
    fputs(any ? "]\n" : "", beyla->out);
    return any;
}

void beyla_attributes(struct beyla *beyla)
{
    const struct yaml_node *select = yaml_get(yaml_get(beyla->yaml.root, STR("attributes")), STR("select"));
    static struct attribute_selection selection;
    const char *before = "attributes:\n  select:\n    ";
    selection.count = 0;
    for (const struct yaml_node *target = select ? select->first : NULL; target; target = target->next) {
        bool any = list_write(beyla, &selection, target, "include", before);
        any |= list_write(beyla, &selection, target, "exclude", any ? "" : before);
        before = any ? "    " : before;
    }
}
