// Section `attributes` of redstart.yaml: which attributes metrics and spans have; see config.h.
#include "collector/conf/config.h"

// The globs of a list, or the one that stands in its place; schema_check has judged their form.
static int globs_add(struct attribute_selection *selection, const struct yaml *yaml, const struct yaml_node *target,
                     const char *key)
{
    const struct yaml_node *node = yaml_get(target, str_from(key));
    const struct yaml_node *item = node && node->kind == YAML_LIST ? node->first : node;
    for (; item; item = node->kind == YAML_LIST ? item->next : NULL) {
        struct complaint complaint = {0};
        const struct attribute_rule rule = {target->key.p, item->text.p, strcmp(key, "exclude") == 0};
        if (item->kind == YAML_SCALAR && attribute_selection_add(selection, &rule, "attributes", &complaint) < 0)
            return yaml_error(yaml, item, "%s", complaint.error);
    }
    return 0;
}

int config_attributes(struct collector_options *options, const struct yaml *yaml)
{
    const struct yaml_node *select = yaml_get(yaml_get(yaml->root, STR("attributes")), STR("select"));
    int r = 0;
    for (const struct yaml_node *target = select ? select->first : NULL; r == 0 && target; target = target->next) {
        r = globs_add(&options->attributes, yaml, target, "include");
        if (r == 0)
            r = globs_add(&options->attributes, yaml, target, "exclude");
    }
    return r;
}
