// OTEL_EXPORTER_OTLP_* and its relatives; see otlp_environment.h. Values are the administrator's; a bad one is warned
// about and ignored, except where going on would send telemetry to the wrong place.
#include "collector/conf/otlp_environment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "collector/conf/environment.h"
#include "collector/conf/value.h"
#include "collector/core/clock.h"

#define ENDPOINT_DEFAULT  "http://localhost:4318"
#define VARIABLE_NAME_MAX 64
#define HEADER_MAX        2048
#define HOUR_MS           (3600 * 1000)

static const char *const signal_names[SELF_SIGNAL_MAX] = {"METRICS", "TRACES"};
static const char *const signal_paths[SELF_SIGNAL_MAX] = {"v1/metrics", "v1/traces"};

struct reader {
    struct collector_options *options;
    char *const *environment;
    struct complaint *complaint;
};

// OTEL_EXPORTER_OTLP_<SIGNAL>_<what>, or the general one; ret_name has room for VARIABLE_NAME_MAX bytes.
static const char *signal_variable(const struct reader *reader, enum self_signal signal, const char *what,
                                   char *ret_name)
{
    snprintf(ret_name, VARIABLE_NAME_MAX, "OTEL_EXPORTER_OTLP_%s_%s", signal_names[signal], what);
    const char *value = environment_get(reader->environment, ret_name);
    if (value)
        return value;
    snprintf(ret_name, VARIABLE_NAME_MAX, "OTEL_EXPORTER_OTLP_%s", what);
    return environment_get(reader->environment, ret_name);
}

// Is this signal pushed at all? OTEL_<SIGNAL>_EXPORTER is a comma list: "otlp" asks for it, any other list is against
// it.
static void exporter_read(const struct reader *reader, enum self_signal signal, bool *ret_asked, bool *ret_refused)
{
    char name[VARIABLE_NAME_MAX];
    snprintf(name, sizeof name, "OTEL_%s_EXPORTER", signal_names[signal]);
    struct str list = str_from(environment_get(reader->environment, name)), item;
    bool any = false;
    *ret_asked = false;
    while (value_list_next(&list, &item)) {
        any = true;
        if (str_equal_nocase(item, STR("otlp")))
            *ret_asked = true;
        else if (!str_equal_nocase(item, STR("none")) && !str_equal_nocase(item, STR("console")) &&
                 !str_equal_nocase(item, STR("prometheus")))
            complaint_warn(reader->complaint, "%s=" STR_FMT ": expected otlp, prometheus, console or none; ignored",
                           name, STR_ARG(item));
    }
    *ret_refused = any && !*ret_asked;
}

// The base endpoint takes the signal's path; one of a signal is used as it is, with "/" for an empty path.
static const char *endpoint_url(const struct reader *reader, const char *endpoint, const char *path)
{
    char url[1024];
    size_t n = strlen(endpoint);
    const char *authority = strstr(endpoint, "://") + 3;
    bool has_path = authority[strcspn(authority, "/?")] == '/';
    const char *slash = !path ? (has_path || strchr(authority, '?') ? "" : "/") : endpoint[n - 1] == '/' ? "" : "/";
    if (snprintf(url, sizeof url, "%s%s%s", endpoint, slash, path ? path : "") >= (int)sizeof url) {
        (void)complaint_error(reader->complaint, "the OTLP endpoint is longer than %zu bytes", sizeof url - 16);
        return NULL;
    }
    return options_keep(reader->options, reader->complaint, str_from(url));
}

// Leaves *ret_url NULL if the signal is not pushed.
static int endpoint_read(const struct reader *reader, enum self_signal signal, const char *option, const char **ret_url)
{
    char name[VARIABLE_NAME_MAX];
    bool asked, refused;
    exporter_read(reader, signal, &asked, &refused);
    if (option) { // beats every variable
        *ret_url = endpoint_url(reader, option, signal_paths[signal]);
        return *ret_url ? 0 : -EINVAL;
    }
    if (refused)
        return 0;
    const char *endpoint = signal_variable(reader, signal, "ENDPOINT", name);
    bool base = strcmp(name, "OTEL_EXPORTER_OTLP_ENDPOINT") == 0;
    if (endpoint && value_url(endpoint) < 0) // pushing elsewhere than asked would be worse than not starting
        return complaint_error(reader->complaint, "%s=%s: expected a URL such as " ENDPOINT_DEFAULT, name, endpoint);
    if (!endpoint && !asked)
        return 0;
    *ret_url = endpoint_url(reader, endpoint ? endpoint : ENDPOINT_DEFAULT, base ? signal_paths[signal] : NULL);
    return *ret_url ? 0 : -EINVAL;
}

static int protocol_check(const struct reader *reader, const char *name, const char *value)
{
    if (!value || strcasecmp(value, "http/protobuf") == 0)
        return 0;
    if (strcasecmp(value, "grpc") == 0)
        return complaint_error(reader->complaint,
                               "%s: grpc is not available in this version; use http/protobuf "
                               "(a receiver's port for it is usually 4318)",
                               name);
    if (strncmp(name, "--", 2) == 0)
        return complaint_error(reader->complaint, "%s %s: expected http/protobuf", name, value);
    complaint_warn(reader->complaint, "%s=%s: expected http/protobuf; ignored", name, value);
    return 0;
}

// One "k=v" as the line "k: v". -EINVAL: it is no header, or longer than size.
static int header_line(struct str item, char *line, size_t size, size_t *ret_size)
{
    struct str key, value;
    if (value_pair(item, &key, &value) < 0 || key.n + 2 + value.n > size)
        return -EINVAL;
    char *decoded = line + key.n + 2;
    memcpy(line, key.p, key.n);
    memcpy(line + key.n, ": ", 2);
    memcpy(decoded, value.p, value.n);
    if (value_percent_decode(decoded, value.n, &value.n) < 0 || value_header(key, (struct str){decoded, value.n}) < 0)
        return -EINVAL;
    *ret_size = key.n + 2 + value.n;
    return 0;
}

// "k=v,k2=v2" with percent-encoded values.
static int headers_read(const struct reader *reader, enum self_signal signal)
{
    char name[VARIABLE_NAME_MAX], line[HEADER_MAX];
    struct str list = str_from(signal_variable(reader, signal, "HEADERS", name)), item;
    const char **headers = reader->options->push.headers[signal];
    const size_t max = array_size(reader->options->push.headers[0]) - 1;
    for (size_t count = 0, n, nth = 1; value_list_next(&list, &item); nth++) {
        if (count == max || header_line(item, line, sizeof line, &n) < 0) { // never show it: it may be a secret
            complaint_warn(reader->complaint, "%s: item %zu is ignored; expected at most %zu of the form key=value",
                           name, nth, max);
            continue;
        }
        headers[count] = options_keep(reader->options, reader->complaint, (struct str){line, n});
        if (!headers[count++])
            return -EINVAL;
    }
    return 0;
}

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
        struct sampler_settings settings;
        bool has_ratio;
    } samplers[] = {
        {"parentbased_always_on", {true, 1}, false}, {"always_on", {false, 1}, false},
        {"always_off", {false, 0}, false},           {"parentbased_always_off", {true, 0}, false},
        {"traceidratio", {false, 1}, true},          {"parentbased_traceidratio", {true, 1}, true},
    };
    struct sampler_settings *sampler = &reader->options->sampler;
    const char *text = environment_get(reader->environment, "OTEL_TRACES_SAMPLER");
    const char *argument = environment_get(reader->environment, "OTEL_TRACES_SAMPLER_ARG");
    *sampler = samplers[0].settings;
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

static void batch_read(const struct reader *reader)
{
    struct otlp_settings *push = &reader->options->push;
    uint64_t interval = 60000, delay = 5000, queue = 2048, batch = 512;
    environment_number(reader->environment, "OTEL_METRIC_EXPORT_INTERVAL", 1, 24 * HOUR_MS, reader->complaint,
                       &interval);
    environment_number(reader->environment, "OTEL_BSP_SCHEDULE_DELAY", 0, HOUR_MS, reader->complaint, &delay);
    environment_number(reader->environment, "OTEL_BSP_MAX_QUEUE_SIZE", 1, 65536, reader->complaint, &queue);
    environment_number(reader->environment, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 1, 65536, reader->complaint, &batch);
    push->metric_interval_ns = interval * NS_PER_MS;
    push->batch_delay_ns = delay * NS_PER_MS;
    push->queue_max = (unsigned)queue;
    push->batch_max = (unsigned)(batch < queue ? batch : queue);
    push->give_up_ns = 300 * NS_PER_SEC;
}

static void transfer_read(const struct reader *reader, enum self_signal signal)
{
    struct otlp_settings *push = &reader->options->push;
    char name[VARIABLE_NAME_MAX];
    uint64_t timeout_ms = 10000;
    if (signal_variable(reader, signal, "TIMEOUT", name))
        environment_number(reader->environment, name, 0, HOUR_MS, reader->complaint, &timeout_ms);
    push->timeout_ns[signal] = timeout_ms * NS_PER_MS;

    const char *compression = signal_variable(reader, signal, "COMPRESSION", name);
    push->gzip[signal] = compression && strcasecmp(compression, "gzip") == 0;
    if (compression && !push->gzip[signal] && strcasecmp(compression, "none") != 0)
        complaint_warn(reader->complaint, "%s=%s: expected gzip or none; ignored", name, compression);
}

// An endpoint that needs these fails, said with each attempt; here is why.
static void certificates_warn(const struct reader *reader, enum self_signal signal)
{
    static const char *const names[] = {"CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"};
    char name[VARIABLE_NAME_MAX];
    for (unsigned i = 0; i < array_size(names); i++)
        if (signal_variable(reader, signal, names[i], name))
            complaint_warn(reader->complaint, "%s: not available in this version; the system's certificates are used",
                           name);
}

int otlp_environment_read(struct collector_options *options, const char *endpoint, const char *protocol,
                          char *const *environment, struct complaint *complaint)
{
    struct reader reader = {options, environment, complaint};
    const char *urls[SELF_SIGNAL_MAX] = {NULL};
    char name[VARIABLE_NAME_MAX];
    bool disabled = false;
    int r = protocol_check(&reader, "--otlp-protocol", protocol);
    if (r == 0)
        r = resource_read(&reader);
    if (r < 0)
        return r;
    sampler_read(&reader);
    batch_read(&reader);
    environment_boolean(environment, "OTEL_SDK_DISABLED", complaint, &disabled);
    if (disabled && !endpoint)
        return 0;

    for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++) {
        r = endpoint_read(&reader, signal, endpoint, &urls[signal]);
        if (r == 0 && urls[signal] && !protocol) {
            const char *value = signal_variable(&reader, signal, "PROTOCOL", name);
            r = protocol_check(&reader, name, value);
        }
        if (r == 0 && urls[signal]) {
            options->otlp = true;
            transfer_read(&reader, signal);
            certificates_warn(&reader, signal);
            r = headers_read(&reader, signal);
        }
        if (r < 0)
            return r;
    }
    options->push.metrics_url = urls[SELF_SIGNAL_METRICS];
    options->push.traces_url = urls[SELF_SIGNAL_TRACES];
    return 0;
}
