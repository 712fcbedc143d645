// Fuzz target: a YAML file of an administrator's, read as a tree. All nodes hang together, every text is whole and ends
// in a NUL, every bound holds; each typed accessor is tried on each node.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "collector/conf/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void values_take(const struct yaml *yaml, const struct yaml_node *node)
{
    static const char *const names[] = {"a", "b", NULL};
    const char *text;
    bool truth;
    uint64_t number;
    unsigned choice;
    if (yaml_text(yaml, node, 0, 100, "a text", &text) == 0)
        require(strlen(text) == node->text.n);
    if (yaml_duration(yaml, node, 5, 50, &number) == 0)
        require(number >= 5 && number <= 50);
    bool is_number = yaml_number(yaml, node, 5, 50, &number) == 0;
    require(!is_number || (number >= 5 && number <= 50));
    bool is_boolean = yaml_boolean(yaml, node, &truth) == 0;
    bool is_choice = yaml_choice(yaml, node, names, &choice) == 0;
    require(is_number + is_boolean + is_choice <= 1);
}

static size_t node_walk(const struct yaml *yaml, const struct yaml_node *node)
{
    size_t total = 1, children = 0;
    require(node->line >= 1 && node->column >= 1);
    require(!node->text.p || strlen(node->text.p) == node->text.n);
    require(!node->key.p || (strlen(node->key.p) == node->key.n && node->key.n > 0));
    require(node->kind == YAML_LIST || node->kind == YAML_MAP || !node->first);
    values_take(yaml, node);
    for (const struct yaml_node *child = node->first; child; child = child->next, children++) {
        require(child->parent == node && (node->kind == YAML_MAP) == (child->key.p != NULL));
        total += node_walk(yaml, child); // at most YAML_DEPTH_MAX deep
    }
    require(children == node->children);
    return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct complaint complaint;
    struct yaml yaml;
    memset(&complaint, 0, sizeof complaint);
    int r = yaml_read(&yaml, "f", (struct str){(const char *)bytes, size}, &complaint);
    require(r == 0 || (r == -EINVAL && complaint.errors > 0 && complaint.error[0]));
    require((r == 0) == (complaint.errors == 0));
    if (yaml.root)
        require(node_walk(&yaml, yaml.root) <= YAML_NODES_MAX);
    require(strlen(complaint.error) < sizeof complaint.error);
    yaml_release(&yaml);
    return 0;
}
