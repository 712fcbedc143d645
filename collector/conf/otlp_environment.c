// OTEL_* of pushing as a whole; see otlp_environment.h (endpoints: otlp_endpoint.c). Values are the administrator's; a
// bad one is warned about and ignored.
#include "collector/conf/otlp_environment.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include "collector/conf/environment.h"
#include "collector/conf/otlp_destination.h"
#include "collector/conf/value.h"
#include "collector/core/clock.h"

#define HOUR_MS (3600 * 1000)

struct reader {
    struct collector_options *options;
    char *const *environment;
    struct complaint *complaint;
};

// One "k=v", both percent-encoded. 0; -EINVAL: it is not that; -ENOSPC: with an error.
static int resource_attribute_read(const struct reader *reader, struct str item,
                                   struct resource_attribute *ret_attribute)
{
    struct str key, value;
    if (value_pair(item, &key, &value) < 0)
        return -EINVAL;
    char *key_text = options_keep(reader->options, reader->complaint, key);
    char *value_text = options_keep(reader->options, reader->complaint, value);
    if (!key_text || !value_text)
        return -ENOSPC;
    if (value_percent_decode(key_text, key.n, &key.n) < 0 || value_percent_decode(value_text, value.n, &value.n) < 0)
        return -EINVAL;
    key_text[key.n] = value_text[value.n] = 0;
    *ret_attribute = (struct resource_attribute){key_text, value_text};
    return 0;
}

// "k=v,k=v"; one mistake discards the whole variable, as the specification has it.
static int resource_read(const struct reader *reader)
{
    struct resource_attribute *attributes = reader->options->push.resource;
    const size_t max = array_size(reader->options->push.resource) - 1;
    struct str list = str_from(environment_get(reader->environment, "OTEL_RESOURCE_ATTRIBUTES")), item;
    const char *service_name = NULL;
    for (size_t count = 0; value_list_next(&list, &item);) {
        struct resource_attribute attribute;
        int r = count == max ? -EINVAL : resource_attribute_read(reader, item, &attribute);
        if (r == -EINVAL) {
            complaint_warn(reader->complaint,
                           "OTEL_RESOURCE_ATTRIBUTES: expected at most %zu key=value items, "
                           "percent-encoded; all of it is ignored",
                           max);
            memset(attributes, 0, sizeof reader->options->push.resource);
            return 0;
        }
        if (r < 0)
            return r;
        if (strcmp(attribute.key, "service.name") == 0)
            service_name = attribute.value;
        else
            attributes[count++] = attribute;
    }
    if (service_name && service_name[0] && strlen(service_name) < SERVICE_NAME_MAX && !reader->options->service_name)
        reader->options->service_name = service_name;
    return 0;
}

static void sampler_read(const struct reader *reader)
{
    static const struct {
        const char *name;
        struct sampler settings;
        bool has_ratio;
    } samplers[] = {
        {"parentbased_always_on", {true, 1}, false}, {"always_on", {false, 1}, false},
        {"always_off", {false, 0}, false},           {"parentbased_always_off", {true, 0}, false},
        {"traceidratio", {false, 1}, true},          {"parentbased_traceidratio", {true, 1}, true},
    };
    struct sampler *sampler = &reader->options->sampler;
    const char *text = environment_get(reader->environment, "OTEL_TRACES_SAMPLER");
    const char *argument = environment_get(reader->environment, "OTEL_TRACES_SAMPLER_ARG");
    if (!text)
        return;
    for (unsigned i = 0; i < array_size(samplers); i++) {
        if (strcasecmp(text, samplers[i].name) != 0)
            continue;
        *sampler = samplers[i].settings;
        if (samplers[i].has_ratio && argument && value_ratio(argument, &sampler->ratio) < 0)
            complaint_warn(reader->complaint, "OTEL_TRACES_SAMPLER_ARG=%s: expected 0 to 1; ignored", argument);
        return;
    }
    complaint_warn(reader->complaint,
                   "OTEL_TRACES_SAMPLER=%s: expected always_on, always_off, traceidratio or one of them "
                   "with parentbased_ in front; ignored",
                   text);
}

// One of a few names, any case: its index in the list. Otherwise what it was, with a warning if it is not one of them.
static unsigned choice_read(const struct reader *reader, const char *variable, const char *const *names, unsigned count,
                            const char *expected, unsigned before)
{
    const char *text = environment_get(reader->environment, variable);
    for (unsigned i = 0; text && i < count; i++)
        if (strcasecmp(text, names[i]) == 0)
            return i;
    if (text)
        complaint_warn(reader->complaint, "%s=%s: expected %s; ignored", variable, text, expected);
    return before;
}

static void metrics_read(const struct reader *reader)
{
    static const char *const temporalities[] = {"cumulative", "delta", "lowmemory"};
    static const char *const aggregations[] = {"explicit_bucket_histogram", "base2_exponential_bucket_histogram"};
    static const char *const filters[] = {"trace_based", "always_off"};
    struct otlp_settings *push = &reader->options->push;
    push->temporality = choice_read(reader, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", temporalities,
                                    array_size(temporalities), "cumulative, delta or lowmemory", push->temporality);
    push->exponential = choice_read(
        reader, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", aggregations, array_size(aggregations),
        "explicit_bucket_histogram or base2_exponential_bucket_histogram", push->exponential);
    push->exemplars = !choice_read(reader, "OTEL_METRICS_EXEMPLAR_FILTER", filters, array_size(filters),
                                   "trace_based or always_off", !push->exemplars);
}

static void batch_read(const struct reader *reader)
{
    struct otlp_settings *push = &reader->options->push;
    uint64_t interval = push->metric_interval_ns / NS_PER_MS, delay = push->batch_delay_ns / NS_PER_MS;
    uint64_t queue = push->queue_max, batch = push->batch_max;
    environment_number(reader->environment, "OTEL_METRIC_EXPORT_INTERVAL", 1, 24 * HOUR_MS, reader->complaint,
                       &interval);
    environment_number(reader->environment, "OTEL_BSP_SCHEDULE_DELAY", 0, HOUR_MS, reader->complaint, &delay);
    environment_number(reader->environment, "OTEL_BSP_MAX_QUEUE_SIZE", 1, 65536, reader->complaint, &queue);
    environment_number(reader->environment, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, 65536, reader->complaint, &batch);
    push->metric_interval_ns = interval * NS_PER_MS;
    push->batch_delay_ns = delay * NS_PER_MS;
    push->queue_max = (unsigned)queue;
    push->batch_max = (unsigned)(batch < queue ? batch : queue);
}

void otlp_environment_defaults(struct collector_options *options)
{
    options->sampler = (struct sampler){.follow_parent = true, .ratio = 1};
    options->push.metric_interval_ns = 60 * NS_PER_SEC;
    options->push.batch_delay_ns = 5 * NS_PER_SEC;
    options->push.queue_max = 2048;
    options->push.batch_max = 512;
    options->push.exemplars = true;
    options->push.give_up_ns = 300 * NS_PER_SEC;
}

int otlp_environment_read(struct collector_options *options, char *const *environment, struct complaint *complaint)
{
    const struct reader reader = {options, environment, complaint};
    int r = resource_read(&reader);
    if (r < 0)
        return r;
    sampler_read(&reader);
    batch_read(&reader);
    metrics_read(&reader);
    return otlp_destination_read(options, environment, complaint);
}
