// Attributes of a service's resource beside those with a field of their own (struct service): put together for one
// process event, then kept as one block. Keys and values become valid, printable UTF-8.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include "collector/meta/naming_rule.h"
#include "common/lib/str.h"

#define ATTRIBUTE_SET_MAX      64
#define ATTRIBUTE_SET_TEXT_MAX 4096 // of all keys and values, NULs included

struct attribute_set {
    unsigned count;
    size_t used;
    uint16_t key[ATTRIBUTE_SET_MAX], value[ATTRIBUTE_SET_MAX]; // where in text
    char text[ATTRIBUTE_SET_TEXT_MAX];
};

void attribute_set_init(struct attribute_set *resource);
// A later value replaces an earlier one. What finds no room is left out, and so is an empty key.
void attribute_set_put(struct attribute_set *resource, struct str key, struct str value);
// All of OTEL_RESOURCE_ATTRIBUTES: "key=value,key=value", both percent-encoded. Items that are not that are left out.
void attribute_set_put_list(struct attribute_set *resource, struct str list);
// All whose key begins so.
void attribute_set_remove(struct attribute_set *resource, const char *prefix);
// NULL if there is none.
const char *attribute_set_get(const struct attribute_set *resource, const char *key);
// As one block on the heap, texts behind the array, sorted by key; NULL: none, or no memory.
struct naming_attribute *attribute_set_block(const struct attribute_set *resource, unsigned *ret_count);
