// See stages.h.
#include "collector/stages.h"

#include "collector/l7/http_method.h"
#include "common/lib/log.h"

#define PROCESSES_MAX 16384
#define EXCHANGES_MAX 16384

int stages_open(struct stages *stages, const struct collector_options *options, const char *host_id, struct self *self,
                span_sink_fn *sink, void *sink_context)
{
    if (options->known_methods && http_method_know(str_from(options->known_methods)) < 0)
        log_warn("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS=%s: expected a comma list of at most %d methods; ignored",
                 options->known_methods, HTTP_METHODS_KNOWN_MAX);
    histogram_bounds_set(&options->bounds_duration, &options->bounds_size);
    int r = process_table_new(&stages->processes, NULL, host_id, PROCESSES_MAX);
    if (r == 0)
        r = red_new(&stages->red, options->series_max, options->series_ttl_ns);
    if (r == 0)
        r = red_select(stages->red, &options->attributes, options->metric_names);
    if (r == 0)
        r = router_new(&stages->router, &options->routes);
    if (r == 0)
        r = span_selection_new(&stages->selection, &options->attributes);
    if (r == 0)
        r = conn_table_new(&stages->connections, EXCHANGES_MAX, stages->processes, self, sink, sink_context);
    if (r < 0)
        return r;
    conn_table_router(stages->connections, stages->router);
    conn_table_selection(stages->connections, stages->selection);
    stages_reload(stages, options);
    return 0;
}

void stages_reload(struct stages *stages, const struct collector_options *options)
{
    if (router_configure(stages->router, &options->routes) < 0)
        log_error("no memory for other routes: those before hold on");
    if (process_table_names(stages->processes, options->service_name, options->naming, options->naming_count) < 0)
        log_error("no memory for other names of services: those before hold on");
    red_ttl(stages->red, options->series_ttl_ns);
    conn_table_sampler(stages->connections, &options->sampler);
    conn_table_propagators(stages->connections, &options->propagators);
}

void stages_release(struct stages *stages)
{
    conn_table_free(stages->connections);
    router_free(stages->router);
    span_selection_free(stages->selection);
    red_free(stages->red);
    process_table_free(stages->processes);
}

void stages_process(struct stages *stages, const struct process_facts *facts)
{
    if (process_table_update(stages->processes, facts) < 0)
        log_limited(LOG_LEVEL_WARN, "more than %d processes: one is left out pid=%u", PROCESSES_MAX, facts->pid);
}

void stages_expire(struct stages *stages, uint64_t now_monotonic_ns)
{
    red_expire(stages->red, now_monotonic_ns);
    process_table_expire(stages->processes, now_monotonic_ns);
}
