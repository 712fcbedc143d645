// See self_instrumented.h.
#include "collector/span/self_instrumented.h"

#include "common/lib/log.h"

enum { SENDS_METRICS = 1 << 0, SENDS_TRACES = 1 << 1, SENDS_LOGS = 1 << 2 };

static const struct {
    struct str path; // the end of it: a gateway may have put something in front
    uint8_t signal;
    const char *name;
} endpoints[] = {
    {{"/v1/metrics", 11}, SENDS_METRICS, "metrics"},
    {{"/v1/traces", 10}, SENDS_TRACES, "traces"},
    {{"/v1/logs", 8}, SENDS_LOGS, "logs"},
};

static bool path_ends(struct str path, struct str end)
{
    return path.n >= end.n && memcmp(path.p + path.n - end.n, end.p, end.n) == 0;
}

static void call_look(const struct span *span, struct self *self)
{
    struct service *service = span->process->service;
    if (span->kind != SPAN_KIND_CLIENT || span->method != HTTP_METHOD_POST || span->status / 100 != 2)
        return;
    for (unsigned i = 0; i < array_size(endpoints); i++) {
        if (service->own_signals & endpoints[i].signal || !path_ends(span->path, endpoints[i].path))
            continue;
        if (!service->own_signals) {
            self->self_instrumented_services++;
            log_info("a service sends telemetry of its own service=%s first=%s pid=%u", service->name,
                     endpoints[i].name, span->process->pid);
        }
        service->own_signals |= endpoints[i].signal;
    }
}

struct self_instrumented_verdict
self_instrumented_judge(const struct span *span, const struct self_instrumented_options *options, struct self *self)
{
    call_look(span, self);
    uint8_t sends = span->process->service->own_signals;
    if (!sends)
        return (struct self_instrumented_verdict){.mute_metrics = false};
    struct self_instrumented_verdict verdict = {
        .mute_metrics = options->metrics == SELF_INSTRUMENTED_MUTE && sends & SENDS_METRICS &&
                        !(span->ignored & ROUTE_SIGNAL_METRICS),
        .mute_traces =
            options->traces == SELF_INSTRUMENTED_MUTE && sends & SENDS_TRACES && !(span->ignored & ROUTE_SIGNAL_TRACES),
    };
    self->muted[SELF_SIGNAL_METRICS] += verdict.mute_metrics;
    self->muted[SELF_SIGNAL_TRACES] += verdict.mute_traces;
    return verdict;
}
