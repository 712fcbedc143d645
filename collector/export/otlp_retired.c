// See otlp_retired.h.
#include "collector/export/otlp_retired.h"

#include <string.h>
#include "collector/core/clock.h"

#define CHECK_NS (200 * NS_PER_MS)
#define END_NS   (5 * NS_PER_SEC)

static void stream_end(struct otlp_retired *retired, unsigned i)
{
    otlp_stream_abandon(retired->list[i].stream);
    otlp_stream_free(retired->list[i].stream);
    retired->n--;
    memmove(&retired->list[i], &retired->list[i + 1], (retired->n - i) * sizeof retired->list[0]);
}

static void retired_due(void *context)
{
    struct otlp_retired *retired = context;
    uint64_t now = clock_monotonic_ns();
    for (unsigned i = retired->n; i-- > 0;) {
        const struct otlp_stream *stream = retired->list[i].stream;
        if (otlp_stream_idle(stream) || otlp_stream_given_up(stream) || now >= retired->list[i].end_ns)
            stream_end(retired, i);
    }
    if (!retired->n)
        loop_timer_period(retired->loop, retired->timer, 0);
}

int otlp_retired_init(struct otlp_retired *retired, struct loop *loop)
{
    *retired = (struct otlp_retired){.loop = loop, .timer = loop_timer_add(loop, 0, retired_due, retired)};
    return retired->timer < 0 ? retired->timer : 0;
}

void otlp_retired_release(struct otlp_retired *retired)
{
    while (retired->n)
        stream_end(retired, 0);
    if (retired->loop)
        loop_timer_remove(retired->loop, retired->timer);
}

void otlp_retired_add(struct otlp_retired *retired, struct otlp_stream *stream)
{
    if (retired->n == OTLP_RETIRED_MAX)
        stream_end(retired, 0);
    if (!retired->n)
        loop_timer_period(retired->loop, retired->timer, CHECK_NS);
    otlp_stream_hurry(stream);
    retired->list[retired->n].stream = stream;
    retired->list[retired->n++].end_ns = clock_monotonic_ns() + END_NS;
}
