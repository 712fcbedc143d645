// Opens, feeds and flushes the outputs; see outputs.h. XREF(new-output): a member, a branch in open, span, flush and
// free.
#include "collector/export/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "collector/core/clock.h"
#include "collector/export/otlp.h"
#include "collector/export/text.h"
#include "common/lib/log.h"

struct outputs {
    struct text_sink *text;
    struct prometheus *prometheus;
    struct otlp *otlp;
};

// What is wrong with it is logged, a line each.
static int web_start(const char *path, struct web **ret_web)
{
    cleanup_free struct complaint *complaint = calloc(1, sizeof *complaint);
    if (!path)
        return 0;
    int r = complaint ? web_new(ret_web, path, complaint) : -ENOMEM;
    if (r == -ENOMEM)
        log_error("web-config %s: %s", path, strerror(-r));
    char *rest = r == -EINVAL ? complaint->error : NULL;
    for (char *line; rest && (line = strsep(&rest, "\n"));)
        log_error("web-config: %s", line);
    return r;
}

static int prometheus_start(struct outputs *outputs, struct loop *loop, const struct collector_options *options,
                            const struct exposition *exposition)
{
    struct web *web = NULL;
    if (web_start(options->web_config, &web) < 0)
        return -EINVAL;
    const char *address = options->prometheus_address;
    const char *shown = !address ? "localhost" : address[0] ? address : "all addresses";
    int r = prometheus_new(&outputs->prometheus, loop, exposition, address, options->prometheus_port,
                           options->prometheus_path, web);
    if (r == -EADDRINUSE)
        log_error("prometheus: port %u on %s is in use by another program; stop it or choose another by --prometheus",
                  options->prometheus_port, shown);
    else if (r == -EACCES)
        log_error(
            "prometheus: port %u on %s may not be opened without privilege; choose one from 1024 up by --prometheus",
            options->prometheus_port, shown);
    else if (r == -EADDRNOTAVAIL)
        log_error("prometheus: %s is no address of this host; choose one that is by --prometheus, or :%u for all",
                  shown, options->prometheus_port);
    else if (r < 0)
        log_error("prometheus: cannot listen on %s, port %u: %s; choose another by --prometheus", shown,
                  options->prometheus_port, strerror(-r));
    else
        log_info("prometheus: serving %s on %s, port %u%s%s", options->prometheus_path, shown, options->prometheus_port,
                 options->web_config ? ", as says " : "", options->web_config ? options->web_config : "");
    return r;
}

int outputs_open(struct outputs **ret_outputs, struct loop *loop, const struct collector_options *options,
                 const struct exposition *exposition, struct red *red, struct self *self)
{
    struct outputs *outputs = calloc(1, sizeof *outputs);
    if (!outputs)
        return -ENOMEM;
    int r = 0;
    if (options->print_traces) {
        r = text_sink_new(&outputs->text, loop, self, STDOUT_FILENO, options->trace_format);
        if (r < 0)
            log_error("print-traces: cannot write to standard output: %s", strerror(-r));
    }
    if (r == 0 && options->prometheus)
        r = prometheus_start(outputs, loop, options, exposition);
    if (r == 0 && options->otlp) {
        const struct otlp_sources sources = {
            .red = red,
            .processes = exposition->processes,
            .self = self,
            .instance = options->loader_socket,
            .refresh = exposition->refresh,
            .context = exposition->context,
        };
        r = otlp_new(&outputs->otlp, loop, &options->push, &sources);
        if (r < 0)
            log_error("otlp: cannot start: %s", strerror(-r));
    }
    if (r < 0) {
        outputs_free(outputs);
        return r;
    }
    *ret_outputs = outputs;
    return 0;
}

void outputs_reload(struct outputs *outputs, const struct collector_options *options)
{
    int r = 0;
    if (outputs->otlp)
        r = otlp_reload(outputs->otlp, &options->push);
    else if (options->otlp)
        log_warn("otlp: nothing was pushed at the start, so the sandbox lets nothing be; restart redstart for it");
    if (r < 0)
        log_error("otlp: a destination is missing: %s", strerror(-r));
}

void outputs_files(const struct outputs *outputs, const struct collector_options *options,
                   const char *ret_files[OUTPUTS_FILES_MAX + 1])
{
    unsigned count = 0;
    otlp_files(&options->push, ret_files);
    while (ret_files[count])
        count++;
    if (outputs->prometheus)
        prometheus_files(outputs->prometheus, ret_files + count);
}

void outputs_free(struct outputs *outputs)
{
    if (!outputs)
        return;
    text_sink_free(outputs->text);
    prometheus_free(outputs->prometheus);
    otlp_free(outputs->otlp);
    free(outputs);
}

bool outputs_read_spans(const struct outputs *outputs)
{
    return outputs->text || (outputs->otlp && otlp_reads_spans(outputs->otlp));
}

void outputs_span(struct outputs *outputs, const struct span *span)
{
    if (outputs->text)
        text_sink_span(outputs->text, span);
    if (outputs->otlp && span->sampled)
        otlp_span(outputs->otlp, span);
}

void outputs_flush(struct outputs *outputs, uint64_t timeout_ns)
{
    uint64_t end = clock_monotonic_ns() + timeout_ns;
    if (outputs->text)
        text_sink_flush(outputs->text, outputs->otlp ? timeout_ns / 2 : timeout_ns);
    uint64_t now = clock_monotonic_ns();
    if (outputs->otlp && now < end)
        otlp_flush(outputs->otlp, end - now);
}
