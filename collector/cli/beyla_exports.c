// What Beyla exports, and its routes, as our sections; see beyla.h.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "collector/cli/beyla.h"
#include "collector/conf/schema.h"
#include "collector/conf/value.h"

static const struct yaml_node *section(struct beyla *beyla, const char *key)
{
    const struct yaml_node *node = yaml_get(beyla->yaml.root, str_from(key));
    return node && node->kind == YAML_MAP ? node : NULL;
}

// "OURS: VALUE", if our file takes it at that path.
static void value_write(struct beyla *beyla, FILE *out, const struct yaml_node *map, const char *theirs,
                        const char *ours, const char *path)
{
    const struct yaml_node *node = beyla_take(beyla, map, theirs);
    char expected[SCHEMA_EXPECTED_SIZE];
    if (!node || node->kind == YAML_MAP)
        return;
    if (node->kind == YAML_SCALAR && beyla_fits(path, node->text))
        fprintf(out, "%s: %s\n", ours, node->text.p);
    else
        beyla_note(beyla, node, "no equivalent; expected %s",
                   schema_expected(schema_find(str_from(path)), 0, expected));
}

static void print_write(struct beyla *beyla, FILE *out)
{
    const struct yaml_node *print = beyla_take(beyla, beyla->yaml.root, "print_traces");
    const struct yaml_node *printer = beyla_take(beyla, beyla->yaml.root, "trace_printer");
    const char *form = printer ? printer->text.p : NULL;
    bool truth = false;
    if (form && (strcasecmp(form, "text") == 0 || strcasecmp(form, "json") == 0))
        fprintf(out, "  print: %s\n", strcasecmp(form, "json") == 0 ? "json" : "text");
    else if (form && strcasecmp(form, "json_indent") == 0)
        fputs("  print: json\n", out);
    else if (form && strcasecmp(form, "disabled") == 0)
        fputs("  print: none\n", out);
    else if (printer)
        beyla_note(beyla, printer, "no equivalent");
    else if (print && print->text.p && value_boolean_go(print->text.p, &truth) == 0 && truth)
        fputs("  print: text\n", out);
}

static void sampler_write(struct beyla *beyla, FILE *out, const struct yaml_node *traces)
{
    const struct yaml_node *sampler = yaml_get(traces, STR("sampler"));
    value_write(beyla, out, sampler, "name", "  sampler", "traces.sampler");
    value_write(beyla, out, sampler, "arg", "  sampler_arg", "traces.sampler_arg");
}

// A signal's own endpoint has its path written out; ours get it added.
static struct str endpoint_of(struct beyla *beyla, const struct yaml_node *export, const char *path)
{
    const struct yaml_node *node = beyla_take(beyla, export, "endpoint");
    struct str text = node && node->kind == YAML_SCALAR ? node->text : (struct str){0};
    size_t n = strlen(path);
    if (text.n > n && memcmp(text.p + text.n - n, path, n) == 0)
        text.n -= n;
    if (text.n && text.n < 1023 && value_url(node->text.p) == 0)
        return text;
    if (node && text.n)
        beyla_note(beyla, node, "no equivalent; expected a URL such as http://localhost:4318");
    return (struct str){0};
}

// As they guess it: by the port, if it is not said.
static bool is_grpc(struct beyla *beyla, const struct yaml_node *export, struct str endpoint)
{
    const struct yaml_node *node = beyla_take(beyla, export, "protocol");
    if (node && node->text.p && strcasecmp(node->text.p, "http/json") == 0)
        beyla_note(beyla, node, "no equivalent; http/protobuf is taken");
    if (node && node->text.p && node->text.n)
        return strcasecmp(node->text.p, "grpc") == 0;
    return endpoint.n > 5 && memcmp(endpoint.p + endpoint.n - 5, ":4317", 5) == 0;
}

static void destination_write(FILE *out, struct str endpoint, bool grpc, const char *signals)
{
    fputs("  - endpoint: ", out);
    beyla_quote(out, endpoint);
    fprintf(out, "\n    protocol: %s\n    signals: [%s]\n", grpc ? "grpc" : "http/protobuf", signals);
}

static void otlp_write(struct beyla *beyla, const struct yaml_node *metrics, const struct yaml_node *traces)
{
    struct str to[2] = {endpoint_of(beyla, metrics, "/v1/metrics"), endpoint_of(beyla, traces, "/v1/traces")};
    bool grpc[2] = {is_grpc(beyla, metrics, to[0]), is_grpc(beyla, traces, to[1])};
    if (!to[0].n && !to[1].n)
        return;
    fputs("otlp:\n", beyla->out);
    if (str_equal(to[0], to[1]) && grpc[0] == grpc[1]) {
        destination_write(beyla->out, to[0], grpc[0], "metrics, traces");
        return;
    }
    if (to[0].n)
        destination_write(beyla->out, to[0], grpc[0], "metrics");
    if (to[1].n)
        destination_write(beyla->out, to[1], grpc[1], "traces");
}

static void metrics_write(struct beyla *beyla, FILE *out, const struct yaml_node *metrics,
                          const struct yaml_node *prometheus)
{
    value_write(beyla, out, metrics, "interval", "  interval", "metrics.interval");
    if (yaml_get(metrics, STR("ttl")) && yaml_get(prometheus, STR("ttl")))
        beyla_note(beyla, yaml_get(metrics, STR("ttl")),
                   "no equivalent of its own; the one of prometheus_export holds");
    value_write(beyla, out, yaml_get(prometheus, STR("ttl")) ? prometheus : metrics, "ttl", "  series_ttl",
                "metrics.series_ttl");
    value_write(beyla, out, metrics, "histogram_aggregation", "  histogram", "metrics.histogram");
}

static void prometheus_write(struct beyla *beyla, FILE *out, const struct yaml_node *prometheus)
{
    const struct yaml_node *path = beyla_take(beyla, prometheus, "path");
    const struct yaml_node *port = beyla_take(beyla, prometheus, "port");
    uint64_t number;
    if (port && port->kind == YAML_SCALAR && value_number(port->text, 1, 65535, &number) == 0)
        fprintf(out, "  listen: \":%u\"\n", (unsigned)number); // all addresses, as there
    else if (port && !(port->text.p && strcmp(port->text.p, "0") == 0))
        beyla_note(beyla, port, "no equivalent; expected a port from 1 to 65535");
    if (path && path->kind == YAML_SCALAR && beyla_fits("prometheus.path", path->text)) {
        fputs("  path: ", out);
        beyla_quote(out, path->text);
        fputc('\n', out);
    } else if (path) {
        beyla_note(beyla, path, "no equivalent; expected a path that starts with /");
    }
}

static void traces_write(struct beyla *beyla, FILE *out, const struct yaml_node *traces)
{
    print_write(beyla, out);
    sampler_write(beyla, out, traces);
    if (yaml_get(traces, STR("max_queue_size")) || yaml_get(traces, STR("max_export_batch_size")))
        fputs("  batch:\n", out);
    value_write(beyla, out, traces, "max_queue_size", "    max_queue_size", "traces.batch.max_queue_size");
    value_write(beyla, out, traces, "max_export_batch_size", "    max_export_batch_size",
                "traces.batch.max_export_batch_size");
}

// Writes "NAME:" and the lines, if there are any.
static void section_end(struct beyla *beyla, FILE *lines, char **text, const size_t *size, const char *name)
{
    fclose(lines);
    if (*size)
        fprintf(beyla->out, "%s:\n%s", name, *text);
    free(*text);
}

void beyla_exports(struct beyla *beyla)
{
    const struct yaml_node *metrics = section(beyla, "otel_metrics_export");
    const struct yaml_node *traces = section(beyla, "otel_traces_export");
    const struct yaml_node *prometheus = section(beyla, "prometheus_export");
    for (unsigned part = 0; part < 3; part++) {
        static const char *const names[] = {"traces", "metrics", "prometheus"};
        char *text = NULL;
        size_t size = 0;
        FILE *lines = open_memstream(&text, &size);
        if (!lines)
            return;
        if (part == 0)
            traces_write(beyla, lines, traces);
        else if (part == 1)
            metrics_write(beyla, lines, metrics, prometheus);
        else
            prometheus_write(beyla, lines, prometheus);
        section_end(beyla, lines, &text, &size, names[part]);
    }
    otlp_write(beyla, metrics, traces);
}
