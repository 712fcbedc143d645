// Plays a recording (intake/recording.h): the same stages as a run, on the recording's own clock, so the same file
// gives the same spans (but for random ids) and the same page of metrics every time and on every host. Called by
// main.c. The file is untrusted like a ring.
#include "collector/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "collector/core/clock.h"
#include "collector/core/loop.h"
#include "collector/core/sandbox.h"
#include "collector/export/prometheus.h"
#include "collector/export/text.h"
#include "collector/intake/recording.h"
#include "collector/stages.h"
#include "common/lib/log.h"

#define REPLAY_HOST       "replay" // host.name and host.id: not this host's, the page must not depend on it
#define METRICS_BYTES_MAX (256u << 20)
#define EVENTS_PER_FLUSH  256 // the queue of spans holds thousands
#define FLUSH_FOREVER_NS  UINT64_MAX
#define HOUSEKEEPING_NS   NS_PER_SEC

struct replay {
    const struct collector_options *options;
    struct self self;
    struct loop *loop; // never runs: what the text sink is made with
    struct stages stages;
    struct text_sink *text; // NULL: not asked for
    struct recording_reader reader;
    uint64_t housekeeping_ns; // when it is due
};

static void replay_span(void *context, const struct span *span)
{
    struct replay *replay = context;
    if (!(span->ignored & ROUTE_SIGNAL_METRICS))
        red_record(replay->stages.red, span);
    if (replay->text && !(span->ignored & ROUTE_SIGNAL_TRACES))
        text_sink_span(replay->text, span);
}

static int replay_open(struct replay *replay, FILE *file)
{
    int r = recording_open(&replay->reader, file);
    if (r < 0)
        return r;
    clock_offset_set(replay->reader.clock_offset_ns);
    r = stages_open(&replay->stages, replay->options, REPLAY_HOST, &replay->self, replay_span, replay);
    if (r < 0)
        return r;
    process_table_source(replay->stages.processes, recording_file, &replay->reader);
    r = loop_new(&replay->loop);
    if (r == 0 && replay->options->print_traces)
        r = text_sink_new(&replay->text, replay->loop, &replay->self, STDOUT_FILENO, replay->options->trace_format);
    return r;
}

static void replay_release(struct replay *replay)
{
    text_sink_free(replay->text);
    stages_release(&replay->stages);
    loop_free(replay->loop);
}

// The turns of main.c's loop, at the recording's times.
static void replay_tick(struct replay *replay, uint64_t now)
{
    conn_table_tick(replay->stages.connections, now);
    if (now < replay->housekeeping_ns)
        return;
    stages_expire(&replay->stages, now);
    replay->housekeeping_ns = now + HOUSEKEEPING_NS;
}

static void replay_event(struct replay *replay, const struct recording_event *event)
{
    switch (event->kind) {
    case RECORDING_RECORD:
        conn_table_record(replay->stages.connections, event->record, event->time_ns);
        break;
    case RECORDING_PROCESS:
        stages_process(&replay->stages, &event->process);
        break;
    case RECORDING_EXECUTABLE:
        process_table_executable(replay->stages.processes, event->executable);
        break;
    case RECORDING_EXECUTED:
        process_table_executed(replay->stages.processes, &event->executed, event->time_ns);
        break;
    case RECORDING_ENVIRONMENT:
        process_table_environment(replay->stages.processes, &event->environment, event->time_ns);
        break;
    case RECORDING_EXIT:
        process_table_exit(replay->stages.processes, event->exited_pid, event->time_ns);
        break;
    case RECORDING_COUNTERS:
        memcpy(replay->self.kernel, event->counters->kernel.value, sizeof replay->self.kernel);
        replay->self.connections = (uint32_t)event->counters->connections;
        break;
    case RECORDING_TICK:
        clock_offset_set(event->clock_offset_ns);
        replay_tick(replay, event->time_ns);
        break;
    case RECORDING_CMDLINE: // nobody asked for it: the process is named otherwise now
    case RECORDING_CGROUP:
    case RECORDING_ATTACHED:
    case RECORDING_DETACHED:
    case RECORDING_NONE:
    case RECORDING_MAX:
        break;
    }
}

// Nothing is dropped, however slow the reader of standard output is: the recording waits.
static void replay_flush(struct replay *replay)
{
    if (replay->text)
        text_sink_flush(replay->text, FLUSH_FOREVER_NS);
}

static int replay_play(struct replay *replay)
{
    const struct recording_event *event;
    int r;
    for (uint64_t count = 1; (r = recording_next(&replay->reader, &event)) > 0; count++) {
        replay_event(replay, event);
        if (count % EVENTS_PER_FLUSH == 0)
            replay_flush(replay);
    }
    conn_table_flush(replay->stages.connections);
    replay_flush(replay);
    if (r == 0 && replay->self.spans_dropped[SELF_SPANS_DROPPED_STDOUT_FAILED])
        r = -EIO;
    return r;
}

static int metrics_print(struct replay *replay)
{
    const struct exposition exposition = {
        .red = replay->stages.red,
        .self = &replay->self,
        .processes = replay->stages.processes,
        .host_name = REPLAY_HOST,
    };
    struct buffer page;
    text_sink_free(replay->text); // standard output blocks again
    replay->text = NULL;
    replay->self.observed_processes = process_table_live(replay->stages.processes);
    buffer_init(&page, METRICS_BYTES_MAX);
    prometheus_format(&page, &exposition, PROMETHEUS_TEXT);
    int r = page.failed ? -ENOMEM : 0;
    if (r == 0 && (fwrite(page.p, 1, page.n, stdout) != page.n || fflush(stdout) != 0))
        r = -EIO;
    buffer_release(&page);
    return r;
}

int replay_run(const struct collector_options *options)
{
    static struct replay replay;
    bool given = strcmp(options->replay, "-") == 0;
    FILE *file = given ? stdin : fopen(options->replay, "rbe");
    if (!file) {
        int r = -errno;
        log_error("replay: cannot open %s: %s", options->replay, strerror(-r));
        return r;
    }
    replay.options = options;
    int r = sandbox_enter(&(struct sandbox_needs){.connects = false});
    if (r == 0)
        r = replay_open(&replay, file);
    if (r == 0)
        r = replay_play(&replay);
    if (r == 0 && options->replay_metrics)
        r = metrics_print(&replay);
    if (replay.reader.problem)
        log_error("replay: %s, byte %" PRIu64 ": %s", options->replay, replay.reader.offset, replay.reader.problem);
    else if (r < 0)
        log_error("replay: %s: %s", options->replay, strerror(-r));
    replay_release(&replay);
    if (!given)
        fclose(file);
    return r;
}
