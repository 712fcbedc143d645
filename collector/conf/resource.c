// See resource.h. Values are the administrator's.
#include "collector/conf/resource.h"

#include <errno.h>
#include <string.h>
#include "collector/conf/environment.h"
#include "collector/conf/value.h"

#define VARIABLE "OTEL_RESOURCE_ATTRIBUTES"

int resource_set(struct collector_options *options, const char *key, const char *value)
{
    struct resource_attribute *attributes = options->push.resource;
    unsigned i = 0;
    while (attributes[i].key && strcmp(attributes[i].key, key) != 0)
        i++;
    if (i == array_size(options->push.resource) - 1)
        return -ENOSPC;
    attributes[i] = (struct resource_attribute){key, value};
    return 0;
}

// One "k=v", both percent-encoded. 0; -EINVAL: it is not that; -ENOSPC: with an error.
static int item_read(struct collector_options *options, struct str item, struct complaint *complaint,
                     struct resource_attribute *ret_attribute)
{
    struct str key, value;
    if (value_pair(item, &key, &value) < 0)
        return -EINVAL;
    char *key_text = options_keep(options, complaint, key);
    char *value_text = options_keep(options, complaint, value);
    if (!key_text || !value_text)
        return -ENOSPC;
    if (value_percent_decode(key_text, key.n, &key.n) < 0 || value_percent_decode(value_text, value.n, &value.n) < 0)
        return -EINVAL;
    key_text[key.n] = value_text[value.n] = 0;
    *ret_attribute = (struct resource_attribute){key_text, value_text};
    return 0;
}

int resource_variable(struct collector_options *options, char *const *environment, struct complaint *complaint)
{
    const struct otlp_settings before = options->push;
    const char *service_name = NULL;
    struct str list = str_from(environment_get(environment, VARIABLE)), item;
    while (value_list_next(&list, &item)) {
        struct resource_attribute attribute;
        int r = item_read(options, item, complaint, &attribute);
        if (r == -ENOSPC)
            return -EINVAL;
        if (r == 0 && strcmp(attribute.key, "service.name") == 0)
            service_name = attribute.value;
        else if (r == 0)
            r = resource_set(options, attribute.key, attribute.value);
        if (r < 0) {
            complaint_warn(complaint,
                           VARIABLE ": expected at most %zu key=value items, percent-encoded; all of it is "
                                    "ignored",
                           array_size(options->push.resource) - 1);
            memcpy(options->push.resource, before.resource, sizeof before.resource);
            return 0;
        }
    }
    if (service_name && service_name[0] && strlen(service_name) < SERVICE_NAME_MAX) {
        options->service_name = service_name;
        options->origin[SETTING_SERVICE_NAME] = (struct setting_origin){SETTING_VARIABLE, VARIABLE, 0};
    }
    return 0;
}
