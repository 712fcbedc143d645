// See attribute_set.h. Called by meta/service_identity.c. Texts come from the operator or from a process: foreign.
#include "collector/meta/attribute_set.h"

#include <stdlib.h>
#include <string.h>
#include "collector/conf/value.h"
#include "collector/meta/naming.h"

#define ITEM_MAX 1024 // of a list; longer ones are left out

void attribute_set_init(struct attribute_set *resource)
{
    resource->count = 0;
    resource->used = 0;
}

static int attribute_find(const struct attribute_set *resource, const char *key)
{
    for (unsigned i = 0; i < resource->count; i++)
        if (strcmp(resource->text + resource->key[i], key) == 0)
            return (int)i;
    return -1;
}

// Copies the text, printable; its place, or -1 if there is no room for all of it.
static int text_add(struct attribute_set *resource, struct str text)
{
    size_t room = sizeof resource->text - resource->used;
    if (text.n >= room)
        return -1;
    int at = (int)resource->used;
    naming_copy(resource->text + at, room, text);
    resource->used += strlen(resource->text + at) + 1;
    return at;
}

void attribute_set_put(struct attribute_set *resource, struct str key, struct str value)
{
    size_t used = resource->used;
    int key_at = key.n ? text_add(resource, key) : -1;
    int old = key_at < 0 ? -1 : attribute_find(resource, resource->text + key_at);
    if (old >= 0)
        resource->used = used; // the key is there already
    int value_at = key_at < 0 || (old < 0 && resource->count == ATTRIBUTE_SET_MAX) ? -1 : text_add(resource, value);
    if (value_at < 0) {
        resource->used = used;
        return;
    }
    unsigned at = old >= 0 ? (unsigned)old : resource->count++;
    if (old < 0)
        resource->key[at] = (uint16_t)key_at;
    resource->value[at] = (uint16_t)value_at;
}

// A percent-encoded text in a buffer of ITEM_MAX bytes. False if it is not that.
static bool text_decode(struct str from, char *to, struct str *ret_text)
{
    size_t n = 0;
    if (from.n > ITEM_MAX)
        return false;
    memcpy(to, from.p, from.n);
    if (value_percent_decode(to, from.n, &n) < 0)
        return false;
    *ret_text = (struct str){to, n};
    return true;
}

void attribute_set_put_list(struct attribute_set *resource, struct str list)
{
    char key_text[ITEM_MAX], value_text[ITEM_MAX];
    struct str item, key, value;
    while (value_list_next(&list, &item))
        if (value_pair(item, &key, &value) == 0 && text_decode(key, key_text, &key) &&
            text_decode(value, value_text, &value))
            attribute_set_put(resource, key, value);
}

void attribute_set_remove(struct attribute_set *resource, const char *prefix)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < resource->count; i++) {
        if (strncmp(resource->text + resource->key[i], prefix, strlen(prefix)) == 0)
            continue;
        resource->key[kept] = resource->key[i];
        resource->value[kept++] = resource->value[i];
    }
    resource->count = kept;
}

const char *attribute_set_get(const struct attribute_set *resource, const char *key)
{
    int at = attribute_find(resource, key);
    return at < 0 ? NULL : resource->text + resource->value[at];
}

static int key_compare(const void *a, const void *b)
{
    return strcmp(((const struct naming_attribute *)a)->key, ((const struct naming_attribute *)b)->key);
}

struct naming_attribute *attribute_set_block(const struct attribute_set *resource, unsigned *ret_count)
{
    size_t array = resource->count * sizeof(struct naming_attribute);
    struct naming_attribute *block = resource->count ? malloc(array + resource->used) : NULL;
    *ret_count = block ? resource->count : 0;
    if (!block)
        return NULL;
    char *text = (char *)block + array;
    memcpy(text, resource->text, resource->used);
    for (unsigned i = 0; i < resource->count; i++)
        block[i] = (struct naming_attribute){text + resource->key[i], text + resource->value[i]};
    qsort(block, resource->count, sizeof *block, key_compare);
    return block;
}
