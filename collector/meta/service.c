// See service.h.
#include "collector/meta/service.h"

#include <errno.h>
#include <string.h>
#include "collector/core/hash.h"
#include "collector/meta/naming.h"

struct service_entry {
    struct service service;
    struct service_entry *next; // in its bucket
};

struct service_table {
    struct service_entry **entries; // by index
    struct service_entry **buckets;
    uint32_t mask, max, count;
};

const char *service_attribute(const struct service *service, const char *key)
{
    for (unsigned i = 0; i < service->attribute_count; i++)
        if (strcmp(service->attributes[i].key, key) == 0)
            return service->attributes[i].value;
    return NULL;
}

int service_table_new(struct service_table **ret_table, unsigned max)
{
    struct service_table *table = calloc(1, sizeof *table);
    uint32_t buckets = hash_buckets(max);
    if (!table)
        return -ENOMEM;
    table->mask = buckets - 1;
    table->max = max;
    table->entries = calloc(max ? max : 1, sizeof *table->entries);
    table->buckets = calloc(buckets, sizeof *table->buckets);
    if (!table->entries || !table->buckets) {
        service_table_free(table);
        return -ENOMEM;
    }
    *ret_table = table;
    return 0;
}

void service_table_free(struct service_table *table)
{
    if (!table)
        return;
    for (uint32_t i = 0; i < table->count; i++) {
        free((void *)table->entries[i]->service.attributes);
        free(table->entries[i]);
    }
    free(table->entries);
    free(table->buckets);
    free(table);
}

static struct service_entry **bucket_of(const struct service_table *table, const char *instance_id)
{
    uint32_t hash = 2166136261u;
    for (const char *c = instance_id; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    return &table->buckets[hash & table->mask];
}

static bool attributes_same(const struct service *service, const struct naming_attribute *attributes, unsigned count)
{
    bool same = service->attribute_count == count;
    for (unsigned i = 0; same && i < count; i++)
        same = strcmp(service->attributes[i].key, attributes[i].key) == 0 &&
               strcmp(service->attributes[i].value, attributes[i].value) == 0;
    return same;
}

// Without memory it keeps those it has.
static void attributes_update(struct service *service, const struct attribute_set *resource)
{
    unsigned count;
    struct naming_attribute *attributes = attribute_set_block(resource, &count);
    if (count != resource->count || attributes_same(service, attributes, count)) {
        free(attributes);
        return;
    }
    free((void *)service->attributes);
    service->attributes = attributes;
    service->attribute_count = count;
}

struct service *service_table_take(struct service_table *table, const struct service_identity *identity,
                                   const char *instance_id, struct str exe_name)
{
    struct service_entry **bucket = bucket_of(table, instance_id), *entry = *bucket;
    while (entry &&
           (strcmp(entry->service.instance_id, instance_id) != 0 || strcmp(entry->service.name, identity->name) != 0 ||
            strcmp(entry->service.namespace_, identity->namespace_) != 0))
        entry = entry->next;
    if (!entry) {
        entry = table->count < table->max ? calloc(1, sizeof *entry) : NULL;
        if (!entry)
            return NULL;
        memcpy(entry->service.name, identity->name, sizeof entry->service.name);
        memcpy(entry->service.namespace_, identity->namespace_, sizeof entry->service.namespace_);
        naming_copy(entry->service.instance_id, sizeof entry->service.instance_id, str_from(instance_id));
        naming_copy(entry->service.exe_name, sizeof entry->service.exe_name, exe_name);
        entry->service.index = table->count;
        entry->next = *bucket;
        *bucket = entry;
        table->entries[table->count++] = entry;
    }
    attributes_update(&entry->service, &identity->resource);
    return &entry->service;
}

const struct service *service_table_at(const struct service_table *table, uint32_t index)
{
    return index < table->count ? &table->entries[index]->service : NULL;
}
