// Parts of OTLP messages; see otlp_message.h. Everything lives in the arena until the request is packed.
#include "collector/export/otlp_message.h"

#include "collector/core/utf8.h"

#ifndef REDSTART_VERSION
#error "REDSTART_VERSION comes from CMakeLists.txt"
#endif

otlp_scope otlp_own_scope = {
    .base = PROTOBUF_C_MESSAGE_INIT(&opentelemetry__proto__common__v1__instrumentation_scope__descriptor),
    .name = "redstart",
    .version = REDSTART_VERSION,
};

// One allocation for both halves of an attribute.
struct attribute {
    otlp_key_value pair;
    otlp_any_value value;
};

static size_t text_bad_bytes(struct str text)
{
    size_t bad = 0;
    for (size_t i = 0, length; i < text.n; i += length ? length : 1) {
        length = utf8_sequence((struct str){text.p + i, text.n - i});
        bad += length == 0 || text.p[i] == 0;
    }
    return bad;
}

char *otlp_text(struct arena *arena, struct str text)
{
    size_t replacement = strlen(UTF8_REPLACEMENT), bad = otlp_text_plain(text) ? 0 : text_bad_bytes(text);
    char *copy = arena_take(arena, text.n + bad * (replacement - 1) + 1);
    if (!copy || !text.n)
        return copy;
    if (!bad)
        return memcpy(copy, text.p, text.n);
    char *to = copy;
    for (size_t i = 0; i < text.n;) {
        size_t length = utf8_sequence((struct str){text.p + i, text.n - i});
        bool good = length && text.p[i] != 0;
        memcpy(to, good ? text.p + i : UTF8_REPLACEMENT, good ? length : replacement);
        to += good ? length : replacement;
        i += length ? length : 1;
    }
    return copy;
}

struct str otlp_text_repair(struct arena *arena, struct str text, bool *failed)
{
    const char *copy = otlp_text(arena, text);
    *failed |= !copy;
    return str_from(copy);
}

void otlp_attributes_init(struct otlp_attributes *attributes, struct arena *arena, size_t max)
{
    otlp_key_value **list = arena_take(arena, max * sizeof(*list));
    *attributes = (struct otlp_attributes){.arena = arena, .list = list, .max = max, .failed = !list};
}

// A new attribute whose value is still to be set, or NULL.
static otlp_any_value *attribute_add(struct otlp_attributes *attributes, const char *key)
{
    struct attribute *added = NULL;
    if (!attributes->failed && attributes->n < attributes->max)
        added = arena_take(attributes->arena, sizeof(*added));
    if (!added) {
        attributes->failed = true;
        return NULL;
    }
    opentelemetry__proto__common__v1__key_value__init(&added->pair);
    opentelemetry__proto__common__v1__any_value__init(&added->value);
    added->pair.key = (char *)key;
    added->pair.value = &added->value;
    attributes->list[attributes->n++] = &added->pair;
    return &added->value;
}

void otlp_attributes_text(struct otlp_attributes *attributes, const char *key, struct str text)
{
    otlp_any_value *value = text.n ? attribute_add(attributes, key) : NULL;
    if (!value)
        return;
    value->value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE;
    value->string_value = otlp_text(attributes->arena, text);
    attributes->failed |= !value->string_value;
}

static bool user_says(const struct otlp_settings *settings, const char *key)
{
    for (const struct resource_attribute *given = settings->resource; given->key; given++)
        if (strcmp(given->key, key) == 0)
            return true;
    return false;
}

otlp_resource *otlp_resource_build(struct arena *arena, const struct otlp_origin *origin, const struct service *service)
{
    const struct {
        const char *key, *value;
        bool fixed; // not the user's to set here (service.name: OTEL_SERVICE_NAME, resolved long before)
    } known[] = {
        {"service.name", service->name, true},
        {"service.namespace", service->namespace_, false},
        {"service.instance.id", service->instance_id, false},
        {"process.executable.name", service->exe_name, false},
        {"host.name", origin->host_name, false},
        {"telemetry.sdk.name", "redstart", true},
        {"telemetry.sdk.version", REDSTART_VERSION, true},
        {"telemetry.sdk.language", service->language, true},
        {"process.runtime.version", service->runtime_version, false},
    };
    struct otlp_attributes attributes;
    otlp_resource *resource = arena_take(arena, sizeof(*resource));
    otlp_attributes_init(&attributes, arena,
                         array_size(known) + service->attribute_count + array_size(origin->settings->resource));
    for (size_t i = 0; i < array_size(known); i++)
        if (known[i].fixed || (!user_says(origin->settings, known[i].key) && !service_attribute(service, known[i].key)))
            otlp_attributes_text(&attributes, known[i].key, str_from(known[i].value));
    for (unsigned i = 0; i < service->attribute_count; i++)
        if (!user_says(origin->settings, service->attributes[i].key))
            otlp_attributes_text(&attributes, service->attributes[i].key, str_from(service->attributes[i].value));
    for (const struct resource_attribute *given = origin->settings->resource; given->key; given++) {
        bool fixed = false;
        for (size_t i = 0; i < array_size(known); i++)
            fixed |= known[i].fixed && known[i].value && strcmp(known[i].key, given->key) == 0;
        if (!fixed)
            otlp_attributes_text(&attributes, given->key, str_from(given->value));
    }
    if (!resource || attributes.failed)
        return NULL;
    opentelemetry__proto__resource__v1__resource__init(resource);
    resource->attributes = attributes.list;
    resource->n_attributes = attributes.n;
    return resource;
}
