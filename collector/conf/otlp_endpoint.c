// Endpoints; see otlp_endpoint.h. Values are the administrator's.
#include "collector/conf/otlp_endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "collector/conf/environment.h"
#include "collector/conf/otlp_certificates.h"
#include "collector/conf/value.h"
#include "collector/core/clock.h"

#define HEADER_MAX         2048
#define URL_MAX            1024
#define TIMEOUT_DEFAULT_MS 10000
#define TIMEOUT_MAX_MS     (3600 * 1000)

static const struct {
    const char *name, *path, *grpc_path;
} signals[SELF_SIGNAL_MAX] = {
    [SELF_SIGNAL_METRICS] = {"METRICS", "v1/metrics",
                             "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"},
    [SELF_SIGNAL_TRACES] = {"TRACES", "v1/traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export"},
};

static const char *const endpoint_default[] = {
    [OTLP_PROTOCOL_HTTP] = "http://localhost:4318",
    [OTLP_PROTOCOL_GRPC] = "http://localhost:4317",
};

const char *otlp_endpoint_signal(enum self_signal signal)
{
    return signals[signal].name;
}

const char *otlp_endpoint_variable(const struct otlp_endpoint_source *source, enum self_signal signal, const char *what,
                                   char *ret_name)
{
    snprintf(ret_name, OTLP_VARIABLE_NAME_MAX, "OTEL_EXPORTER_OTLP_%s_%s", signals[signal].name, what);
    const char *value = environment_get(source->environment, ret_name);
    if (value)
        return value;
    snprintf(ret_name, OTLP_VARIABLE_NAME_MAX, "OTEL_EXPORTER_OTLP_%s", what);
    return environment_get(source->environment, ret_name);
}

const char *otlp_endpoint_place(const struct otlp_target *target, char *scratch, size_t size)
{
    snprintf(scratch, size, "%s%s", target && target->where ? target->where : "", target && target->where ? ": " : "");
    return scratch;
}

bool otlp_endpoint_protocol(const char *text, enum otlp_protocol *ret_protocol)
{
    bool grpc = strcasecmp(text, "grpc") == 0;
    if (!grpc && strcasecmp(text, "http/protobuf") != 0)
        return false;
    *ret_protocol = grpc ? OTLP_PROTOCOL_GRPC : OTLP_PROTOCOL_HTTP;
    return true;
}

// Command line over variable over file; a bad variable is as if it were not there.
static int protocol_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                         struct otlp_endpoint *endpoint)
{
    char name[OTLP_VARIABLE_NAME_MAX], place[OTLP_PLACE_MAX];
    const struct otlp_target *target = source->target;
    const char *said = target ? target->protocol : NULL;
    const char *option = target && !target->where && said ? said : source->options->otlp_protocol;
    const char *file = target && target->where ? said : NULL;
    endpoint->protocol = OTLP_PROTOCOL_HTTP;
    if (option && otlp_endpoint_protocol(option, &endpoint->protocol))
        return 0;
    if (file && !otlp_endpoint_protocol(file, &endpoint->protocol))
        return complaint_error(source->complaint, "%sprotocol %s: expected http/protobuf or grpc",
                               otlp_endpoint_place(target, place, sizeof place), file);
    const char *text = otlp_endpoint_variable(source, signal, "PROTOCOL", name);
    if (text && !otlp_endpoint_protocol(text, &endpoint->protocol))
        complaint_warn(source->complaint, "%s=%s: expected http/protobuf or grpc; ignored", name, text);
    return 0;
}

// A target without scheme, as gRPC alone knows it, has TLS unless INSECURE says otherwise.
static const char *scheme_missing(const struct otlp_endpoint_source *source, enum self_signal signal, const char *text)
{
    char name[OTLP_VARIABLE_NAME_MAX];
    bool insecure = false;
    if (strstr(text, "://"))
        return "";
    const char *value = otlp_endpoint_variable(source, signal, "INSECURE", name);
    if (value && value_boolean(value, &insecure) < 0)
        complaint_warn(source->complaint, "%s=%s: expected true or false; taken as false", name, value);
    return insecure ? "http://" : "https://";
}

// gRPC: the server alone, the path is the call's. HTTP: the base endpoint takes the signal's path; one of a signal is
// used as it is, with "/" for an empty path.
static int url_build(char *url, const struct otlp_endpoint *endpoint, const char *text, enum self_signal signal,
                     bool base)
{
    const char *authority = strstr(text, "://") + 3;
    size_t n = (size_t)(authority - text) + strcspn(authority, "/?");
    const char *path = signals[signal].path, *slash = text[strlen(text) - 1] == '/' ? "" : "/";
    if (endpoint->protocol == OTLP_PROTOCOL_GRPC)
        return snprintf(url, URL_MAX, "%.*s%s", (int)n, text, signals[signal].grpc_path);
    if (base)
        return snprintf(url, URL_MAX, "%s%s%s", text, slash, path);
    return snprintf(url, URL_MAX, "%s%s", text, text[n] ? "" : "/");
}

// Who says where: name is how a complaint begins, base that it holds for all signals.
struct address {
    char name[OTLP_PLACE_MAX + OTLP_VARIABLE_NAME_MAX];
    const char *text;
    bool base;
};

static int url_set(const struct otlp_endpoint_source *source, enum self_signal signal, const struct address *address,
                   struct otlp_endpoint *endpoint)
{
    char whole[URL_MAX], url[URL_MAX];
    const char *scheme = endpoint->protocol == OTLP_PROTOCOL_GRPC ? scheme_missing(source, signal, address->text) : "";
    int n = snprintf(whole, sizeof whole, "%s%s", scheme, address->text);
    if (n < (int)sizeof whole && value_url(whole) < 0) // pushing elsewhere than asked would be worse than not starting
        return complaint_error(source->complaint, "%s%s: expected a URL such as %s", address->name, address->text,
                               endpoint_default[endpoint->protocol]);
    const char *from = whole;
    bool base = address->base;
    if (strncasecmp(whole, "unix:", 5) == 0) {
        endpoint->unix_path = options_keep(source->options, source->complaint, str_from(whole + strlen("unix://")));
        if (!endpoint->unix_path)
            return -EINVAL;
        from = "http://localhost";
        base = true;
    }
    if (n >= (int)sizeof whole || url_build(url, endpoint, from, signal, base) >= URL_MAX)
        return complaint_error(source->complaint, "%sthe URL is longer than %d bytes", address->name, URL_MAX - 100);
    endpoint->url = options_keep(source->options, source->complaint, str_from(url));
    return endpoint->url ? 0 : -EINVAL;
}

static int url_read(const struct otlp_endpoint_source *source, enum self_signal signal, struct otlp_endpoint *endpoint)
{
    const struct otlp_target *target = source->target;
    struct address address = {.name = "--otlp ", .base = true};
    char name[OTLP_VARIABLE_NAME_MAX], place[OTLP_PLACE_MAX];
    if (target) {
        address.text = target->endpoint ? target->endpoint : endpoint_default[endpoint->protocol];
        if (target->where)
            snprintf(address.name, sizeof address.name, "%sendpoint ",
                     otlp_endpoint_place(target, place, sizeof place));
        return url_set(source, signal, &address, endpoint);
    }
    const char *text = otlp_endpoint_variable(source, signal, "ENDPOINT", name);
    address.text = text ? text : endpoint_default[endpoint->protocol];
    address.base = strcmp(name, "OTEL_EXPORTER_OTLP_ENDPOINT") == 0;
    snprintf(address.name, sizeof address.name, "%s=", name);
    return url_set(source, signal, &address, endpoint);
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

// Those of the file, which were split there.
static int headers_take(const struct otlp_endpoint_source *source, struct otlp_endpoint *endpoint)
{
    const struct otlp_target *target = source->target;
    char line[HEADER_MAX], place[OTLP_PLACE_MAX];
    for (unsigned i = 0; target && i < target->header_count; i++) {
        struct str key = str_from(target->headers[i].name), value = str_from(target->headers[i].value);
        int n = snprintf(line, sizeof line, "%s: %s", key.p, value.p);
        if (n >= (int)sizeof line || value_header(key, value) < 0)
            return complaint_error(source->complaint, "%sheaders: item %u is no HTTP header of at most %d bytes",
                                   otlp_endpoint_place(target, place, sizeof place), i + 1, HEADER_MAX - 1);
        endpoint->headers[i] = options_keep(source->options, source->complaint, str_from(line));
        if (!endpoint->headers[i])
            return -EINVAL;
    }
    return 0;
}

// "k=v,k2=v2" with percent-encoded values.
static int headers_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                        struct otlp_endpoint *endpoint)
{
    char name[OTLP_VARIABLE_NAME_MAX], line[HEADER_MAX];
    struct str list = str_from(otlp_endpoint_variable(source, signal, "HEADERS", name)), item;
    if (!list.n)
        return headers_take(source, endpoint);
    for (size_t count = 0, n, nth = 1; value_list_next(&list, &item); nth++) {
        // Never show one: it may be a secret.
        if (count == OTLP_HEADERS_MAX || header_line(item, line, sizeof line, &n) < 0) {
            complaint_warn(source->complaint, "%s: item %zu is ignored; expected at most %d of the form key=value",
                           name, nth, OTLP_HEADERS_MAX);
            continue;
        }
        endpoint->headers[count] = options_keep(source->options, source->complaint, (struct str){line, n});
        if (!endpoint->headers[count++])
            return -EINVAL;
    }
    return 0;
}

static bool compression_parse(const char *text, bool *ret_gzip)
{
    bool gzip = strcasecmp(text, "gzip") == 0;
    if (!gzip && strcasecmp(text, "none") != 0)
        return false;
    *ret_gzip = gzip;
    return true;
}

static int transfer_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                         struct otlp_endpoint *endpoint)
{
    const struct otlp_target *target = source->target;
    char name[OTLP_VARIABLE_NAME_MAX], place[OTLP_PLACE_MAX];
    uint64_t timeout_ms = TIMEOUT_DEFAULT_MS;
    endpoint->timeout_ns = target && target->timeout_given ? target->timeout_ns : TIMEOUT_DEFAULT_MS * NS_PER_MS;
    if (otlp_endpoint_variable(source, signal, "TIMEOUT", name) &&
        environment_number(source->environment, name, 0, TIMEOUT_MAX_MS, source->complaint, &timeout_ms))
        endpoint->timeout_ns = timeout_ms * NS_PER_MS;

    if (target && target->compression && !compression_parse(target->compression, &endpoint->gzip))
        return complaint_error(source->complaint, "%scompression %s: expected gzip or none",
                               otlp_endpoint_place(target, place, sizeof place), target->compression);
    const char *compression = otlp_endpoint_variable(source, signal, "COMPRESSION", name);
    if (compression && !compression_parse(compression, &endpoint->gzip))
        complaint_warn(source->complaint, "%s=%s: expected gzip or none; ignored", name, compression);
    return 0;
}

int otlp_endpoint_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                       struct otlp_endpoint *endpoint)
{
    int r = protocol_read(source, signal, endpoint);
    if (r == 0)
        r = url_read(source, signal, endpoint);
    if (r == 0)
        r = transfer_read(source, signal, endpoint);
    if (r == 0)
        r = otlp_certificates_read(source, signal, endpoint);
    return r == 0 ? headers_read(source, signal, endpoint) : r;
}
