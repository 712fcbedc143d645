// Endpoints; see otlp_endpoint.h. Values are the administrator's.
#include "collector/conf/otlp_endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "collector/conf/environment.h"
#include "collector/conf/value.h"
#include "collector/core/clock.h"

#define HEADER_MAX     2048
#define URL_MAX        1024
#define TIMEOUT_MAX_MS (3600 * 1000)

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

// OTEL_EXPORTER_OTLP_<SIGNAL>_<what>, or the general one; ret_name has room for OTLP_VARIABLE_NAME_MAX bytes.
static const char *signal_variable(const struct otlp_endpoint_source *source, enum self_signal signal, const char *what,
                                   char *ret_name)
{
    snprintf(ret_name, OTLP_VARIABLE_NAME_MAX, "OTEL_EXPORTER_OTLP_%s_%s", signals[signal].name, what);
    const char *value = environment_get(source->environment, ret_name);
    if (value)
        return value;
    snprintf(ret_name, OTLP_VARIABLE_NAME_MAX, "OTEL_EXPORTER_OTLP_%s", what);
    return environment_get(source->environment, ret_name);
}

// Is this signal pushed at all? OTEL_<SIGNAL>_EXPORTER is a comma list: "otlp" asks for it, any other list is against
// it.
static void exporter_read(const struct otlp_endpoint_source *source, enum self_signal signal, bool *ret_asked,
                          bool *ret_refused)
{
    char name[OTLP_VARIABLE_NAME_MAX];
    snprintf(name, sizeof name, "OTEL_%s_EXPORTER", signals[signal].name);
    struct str list = str_from(environment_get(source->environment, name)), item;
    bool any = false;
    *ret_asked = false;
    while (value_list_next(&list, &item)) {
        any = true;
        if (str_equal_nocase(item, STR("otlp")))
            *ret_asked = true;
        else if (!str_equal_nocase(item, STR("none")) && !str_equal_nocase(item, STR("console")) &&
                 !str_equal_nocase(item, STR("prometheus")))
            complaint_warn(source->complaint, "%s=" STR_FMT ": expected otlp, prometheus, console or none; ignored",
                           name, STR_ARG(item));
    }
    *ret_refused = any && !*ret_asked;
}

static bool protocol_parse(const char *text, enum otlp_protocol *ret_protocol)
{
    bool grpc = strcasecmp(text, "grpc") == 0;
    if (!grpc && strcasecmp(text, "http/protobuf") != 0)
        return false;
    *ret_protocol = grpc ? OTLP_PROTOCOL_GRPC : OTLP_PROTOCOL_HTTP;
    return true;
}

static int protocol_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                         struct otlp_endpoint *endpoint)
{
    char name[OTLP_VARIABLE_NAME_MAX];
    const char *text = source->option_protocol;
    endpoint->protocol = OTLP_PROTOCOL_HTTP;
    if (text)
        return protocol_parse(text, &endpoint->protocol)
                   ? 0
                   : complaint_error(source->complaint, "--otlp-protocol %s: expected http/protobuf or grpc", text);
    text = signal_variable(source, signal, "PROTOCOL", name);
    if (text && !protocol_parse(text, &endpoint->protocol))
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
    const char *value = signal_variable(source, signal, "INSECURE", name);
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

// name: of the option or variable that said so. base: it holds for all signals.
static int url_set(const struct otlp_endpoint_source *source, enum self_signal signal, const char *name,
                   const char *text, bool base, struct otlp_endpoint *endpoint)
{
    char whole[URL_MAX], url[URL_MAX];
    const char *scheme = endpoint->protocol == OTLP_PROTOCOL_GRPC ? scheme_missing(source, signal, text) : "";
    int n = snprintf(whole, sizeof whole, "%s%s", scheme, text);
    bool option = source->option != NULL;
    if (n < (int)sizeof whole && value_url(whole) < 0) // pushing elsewhere than asked would be worse than not starting
        return complaint_error(source->complaint, "%s%s%s: expected a URL such as %s", name, option ? " " : "=", text,
                               endpoint_default[endpoint->protocol]);
    const char *address = whole;
    if (strncasecmp(whole, "unix:", 5) == 0) {
        endpoint->unix_path = options_keep(source->options, source->complaint, str_from(whole + strlen("unix://")));
        if (!endpoint->unix_path)
            return -EINVAL;
        address = "http://localhost";
        base = true;
    }
    if (n >= (int)sizeof whole || url_build(url, endpoint, address, signal, base) >= URL_MAX)
        return complaint_error(source->complaint, "%s: the URL is longer than %d bytes", name, URL_MAX - 100);
    endpoint->url = options_keep(source->options, source->complaint, str_from(url));
    return endpoint->url ? 0 : -EINVAL;
}

static int url_read(const struct otlp_endpoint_source *source, enum self_signal signal, struct otlp_endpoint *endpoint)
{
    char name[OTLP_VARIABLE_NAME_MAX];
    bool asked, refused;
    exporter_read(source, signal, &asked, &refused);
    if (source->option)
        return url_set(source, signal, "--otlp", source->option, true, endpoint);
    if (refused)
        return 0;
    const char *text = signal_variable(source, signal, "ENDPOINT", name);
    if (!text && !asked)
        return 0;
    bool base = strcmp(name, "OTEL_EXPORTER_OTLP_ENDPOINT") == 0;
    return url_set(source, signal, name, text ? text : endpoint_default[endpoint->protocol], base, endpoint);
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
static int headers_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                        struct otlp_endpoint *endpoint)
{
    char name[OTLP_VARIABLE_NAME_MAX], line[HEADER_MAX];
    struct str list = str_from(signal_variable(source, signal, "HEADERS", name)), item;
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

static void transfer_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                          struct otlp_endpoint *endpoint)
{
    char name[OTLP_VARIABLE_NAME_MAX];
    uint64_t timeout_ms = 10000;
    if (signal_variable(source, signal, "TIMEOUT", name))
        environment_number(source->environment, name, 0, TIMEOUT_MAX_MS, source->complaint, &timeout_ms);
    endpoint->timeout_ns = timeout_ms * NS_PER_MS;

    const char *compression = signal_variable(source, signal, "COMPRESSION", name);
    endpoint->gzip = compression && strcasecmp(compression, "gzip") == 0;
    if (compression && !endpoint->gzip && strcasecmp(compression, "none") != 0)
        complaint_warn(source->complaint, "%s=%s: expected gzip or none; ignored", name, compression);
}

// Whether the files can be read is the collector's to find out: it runs as another user.
static void tls_read(const struct otlp_endpoint_source *source, enum self_signal signal, struct otlp_endpoint *endpoint)
{
    static const char *const names[OTLP_TLS_FILE_MAX] = {
        [OTLP_TLS_CA] = "CERTIFICATE", [OTLP_TLS_CERTIFICATE] = "CLIENT_CERTIFICATE", [OTLP_TLS_KEY] = "CLIENT_KEY"};
    char name[OTLP_VARIABLE_NAME_MAX], other[OTLP_VARIABLE_NAME_MAX];
    for (unsigned i = 0; i < OTLP_TLS_FILE_MAX; i++)
        endpoint->tls_file[i] = signal_variable(source, signal, names[i], name);
    const char *certificate = signal_variable(source, signal, names[OTLP_TLS_CERTIFICATE], name);
    const char *key = signal_variable(source, signal, names[OTLP_TLS_KEY], other);
    if (!certificate == !key)
        return;
    complaint_warn(source->complaint, "%s: expected %s beside it; ignored", certificate ? name : other,
                   certificate ? other : name);
    endpoint->tls_file[OTLP_TLS_CERTIFICATE] = endpoint->tls_file[OTLP_TLS_KEY] = NULL;
}

int otlp_endpoint_read(const struct otlp_endpoint_source *source, enum self_signal signal,
                       struct otlp_endpoint *endpoint)
{
    int r = protocol_read(source, signal, endpoint);
    if (r == 0)
        r = url_read(source, signal, endpoint);
    if (r < 0 || !endpoint->url)
        return r;
    transfer_read(source, signal, endpoint);
    tls_read(source, signal, endpoint);
    return headers_read(source, signal, endpoint);
}
