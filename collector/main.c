// redstart-collector: the unprivileged half. Receives rings and process records from the loader, turns them into spans
// and RED metrics, exports those. Everything it reads was written by strangers: it runs as a user of its own, without
// capabilities, and refuses to run otherwise. Phases: options > privileges > stages > outputs > sandbox >
// serve > flush.
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include "collector/conf/options.h"
#include "collector/conf/otlp_files.h"
#include "collector/core/clock.h"
#include "collector/core/loop.h"
#include "collector/core/privilege.h"
#include "collector/core/resident.h"
#include "collector/core/sandbox.h"
#include "collector/export/outputs.h"
#include "collector/intake/intake.h"
#include "collector/intake/recorder.h"
#include "collector/meta/host.h"
#include "collector/meta/language.h"
#include "collector/reload.h"
#include "collector/replay.h"
#include "collector/span/own_traffic.h"
#include "collector/span/self_instrumented.h"
#include "collector/stages.h"
#include "common/lib/log.h"
#include "common/lib/notify.h"

#define STATUS_MAX      256
#define CONN_TICK_NS    (250 * NS_PER_MS)
#define HOUSEKEEPING_NS NS_PER_SEC
#define FLUSH_NS        (5 * NS_PER_SEC - 500 * NS_PER_MS) // the launcher waits a little longer, then kills

enum exit_code { EXIT_CODE_DONE, EXIT_CODE_FAILED, EXIT_CODE_USAGE };

struct collector {
    struct collector_options options; // of the start
    struct reload reload;
    struct self self;
    struct loop *loop;
    struct stages stages;
    struct recorder *recorder; // NULL: not asked for
    struct intake *intake;
    struct outputs *outputs;
    int signal_fd;
    bool announced;          // READY=1 was sent
    uint64_t connections_ns; // when connections_tick was last called
};

static void collector_span(void *context, const struct span *span)
{
    struct collector *collector = context;
    if (own_traffic_has(span)) {
        collector->self.spans_dropped[SELF_SPANS_DROPPED_OWN_TRAFFIC]++;
        return;
    }
    const struct self_instrumented_verdict verdict =
        self_instrumented_judge(span, &collector->reload.current->self_instrumented, &collector->self);
    if (!verdict.mute_metrics && !(span->ignored & ROUTE_SIGNAL_METRICS))
        red_record(collector->stages.red, span);
    if (!verdict.mute_traces && !(span->ignored & ROUTE_SIGNAL_TRACES))
        outputs_span(collector->outputs, span);
}

static void intake_record(void *context, const struct http1_record *record)
{
    struct collector *collector = context;
    conn_table_record(collector->stages.connections, record, intake_drained_ns(collector->intake));
}

static void intake_executed(void *context, const struct process_executed *executed)
{
    struct collector *collector = context;
    process_table_executed(collector->stages.processes, executed, clock_monotonic_ns());
}

static void intake_environment(void *context, const struct process_environment *said)
{
    struct collector *collector = context;
    process_table_environment(collector->stages.processes, said, clock_monotonic_ns());
}

static void intake_process(void *context, const struct process_facts *facts)
{
    struct collector *collector = context;
    stages_process(&collector->stages, facts);
}

static void intake_executable(void *context, const struct process_executable *found)
{
    struct collector *collector = context;
    const struct executable *is = &found->executable;
    const char *language = language_name(is->language);

    log_debug("executable pid=%u language=%s version=%.*s module=\"%.*s\" linkage=%s machine=%u bits=%u", found->pid,
              language ? language : "unknown", is->version_size, is->version, is->module_size, is->module,
              is->linkage == EXECUTABLE_STATIC ? "static" : "dynamic", is->machine, is->bits);
    process_table_executable(collector->stages.processes, found);
}

static void intake_process_exit(void *context, uint32_t pid)
{
    struct collector *collector = context;
    process_table_exit(collector->stages.processes, pid, clock_monotonic_ns());
}

static void intake_walk(void *context, bool ends)
{
    struct collector *collector = context;
    process_table_walk(collector->stages.processes, ends, clock_monotonic_ns());
}

static void status_send(struct collector *collector)
{
    char text[STATUS_MAX];
    if (!intake_attached(collector->intake))
        snprintf(text, sizeof text, "STATUS=waiting for the loader at %s", collector->options.loader_socket);
    else
        snprintf(text, sizeof text, "STATUS=receiving, %u processes, %" PRIu64 " requests",
                 collector->self.observed_processes,
                 collector->self.spans[SPAN_KIND_SERVER] + collector->self.spans[SPAN_KIND_CLIENT]);
    notify_send(text);
}

static void intake_is_attached(void *context)
{
    struct collector *collector = context;
    log_debug("connected to the loader");
    if (!collector->announced)
        notify_send("READY=1\nSTATUS=receiving");
    collector->announced = true;
}

static void intake_is_detached(void *context)
{
    struct collector *collector = context;
    log_warn("the loader at %s is gone: waiting for it", collector->options.loader_socket);
}

static void self_refresh(void *context)
{
    struct collector *collector = context;
    intake_counters_refresh(collector->intake);
    collector->self.observed_processes = process_table_live(collector->stages.processes);
}

// Before a page of metrics: what takes a look at /proc as well.
static void page_refresh(void *context)
{
    struct collector *collector = context;
    uint32_t loader = intake_loader_pid(collector->intake);
    struct usage *usage = collector->self.usage;
    self_refresh(collector);
    if (usage_read(0, &usage[SELF_PROCESS_COLLECTOR]) < 0)
        usage[SELF_PROCESS_COLLECTOR].resident_bytes = 0;
    if (!loader || usage_read(loader, &usage[SELF_PROCESS_LOADER]) < 0)
        usage[SELF_PROCESS_LOADER].resident_bytes = 0;
}

// Kept only for who asks: it takes memory for each series.
static void page_asked(void *context, enum prometheus_format format)
{
    static const unsigned extras[PROMETHEUS_FORMAT_MAX] = {
        [PROMETHEUS_OPENMETRICS] = RED_EXTRA_EXEMPLARS,
        [PROMETHEUS_PROTOBUF] = RED_EXTRA_EXEMPLARS | RED_EXTRA_EXPONENTIAL,
    };
    struct collector *collector = context;
    red_keep(collector->stages.red, extras[format]);
    if (extras[format] & RED_EXTRA_EXEMPLARS) // which name a trace
        conn_table_propagators(collector->stages.connections, &collector->reload.current->propagators);
}

static const char *not_ready(void *context)
{
    struct collector *collector = context;
    return intake_not_ready(collector->intake, clock_monotonic_ns());
}

static void connections_tick(struct collector *collector, uint64_t now_ns)
{
    if (collector->recorder)
        recorder_tick(collector->recorder, &collector->self, now_ns);
    conn_table_tick(collector->stages.connections, now_ns);
    collector->connections_ns = now_ns;
}

// Also with no loader, and with nothing in the rings: each 100 ms at least. What is due meanwhile needs no wake-up
// more.
static void intake_has_drained(void *context)
{
    struct collector *collector = context;
    uint64_t now_ns = clock_monotonic_ns();
    clock_offset_refresh();
    if (now_ns - collector->connections_ns >= CONN_TICK_NS)
        connections_tick(collector, now_ns);
}

static void housekeeping(void *context)
{
    struct collector *collector = context;
    stages_expire(&collector->stages, clock_monotonic_ns());
    self_refresh(collector); // for pushed metrics, which take it as it is
    status_send(collector);
}

// On the loop that does the work: when that hangs, so does this, and the service manager starts another collector.
static void watchdog(void *context)
{
    notify_send("WATCHDOG=1");
}

static void signal_ready(void *context, uint32_t events)
{
    struct collector *collector = context;
    struct signalfd_siginfo info;
    while (read(collector->signal_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload_run(&collector->reload, &collector->stages, collector->outputs);
        else
            loop_stop(collector->loop);
    }
}

// 0, or the exit code. ret_done: help or version was all that was wanted.
static int options_read(struct collector_options *options, int argc, char **argv, char **environment, bool *ret_done)
{
    static struct complaint complaint;
    if (options_parse(options, argc, argv, environment, &complaint) < 0 ||
        otlp_files_check(&options->push, true, &complaint) < 0) {
        fprintf(stderr, "redstart-collector: %s\n", complaint.error);
        return EXIT_CODE_USAGE;
    }
    *ret_done = options->help || options->version;
    if (options->help)
        fputs(options_help, stdout);
    else if (options->version)
        printf("redstart-collector %s (%s)\n", REDSTART_VERSION, REDSTART_COMMIT);
    log_init("redstart-collector", options->log_level, options->log_format);
    for (unsigned i = 0; i < complaint.warnings; i++)
        log_warn("%s", complaint.warning[i]);
    return EXIT_CODE_DONE;
}

static int signals_open(struct collector *collector)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    collector->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (collector->signal_fd < 0)
        return -errno;
    return loop_fd_add(collector->loop, collector->signal_fd, EPOLLIN, signal_ready, collector);
}

static int collector_open(struct collector *collector)
{
    char host_id[HOST_ID_SIZE];
    host_id_read(host_id);
    clock_offset_refresh();
    int r = loop_new(&collector->loop);
    if (r == 0)
        r = signals_open(collector);
    if (r == 0)
        r = stages_open(&collector->stages, &collector->options, host_id, &collector->self, collector_span, collector);
    if (r == 0)
        r = loop_timer_add(collector->loop, HOUSEKEEPING_NS, housekeeping, collector);
    if (r >= 0)
        r = loop_timer_add(collector->loop, notify_watchdog_ns(), watchdog, NULL);
    if (r < 0)
        log_error("cannot start: %s", strerror(-r));
    return r < 0 ? r : 0;
}

static int outputs_start(struct collector *collector)
{
    const struct exposition exposition = {
        .red = collector->stages.red,
        .self = &collector->self,
        .processes = collector->stages.processes,
        .refresh = page_refresh,
        .asked = page_asked,
        .not_ready = not_ready,
        .context = collector,
    };
    int r = outputs_open(&collector->outputs, collector->loop, &collector->options, &exposition, collector->stages.red,
                         &collector->self);
    if (r == 0 && !outputs_read_spans(collector->outputs) && !red_names_ends(collector->stages.red))
        conn_table_propagators(collector->stages.connections, NULL);
    return r;
}

// Puts the recorder between intake and *receiver.
static int recorder_start(struct collector *collector, struct intake_receiver *receiver)
{
    int r = recorder_new(&collector->recorder, collector->options.record, receiver);
    if (r < 0) {
        log_error("record: cannot create %s: %s%s", collector->options.record, strerror(-r),
                  r == -EEXIST ? "; remove it, or choose another name" : "; this user must be able to write there");
        return r;
    }
    *receiver = recorder_receiver(collector->recorder);
    process_table_source(collector->stages.processes, recorder_file, collector->recorder);
    return 0;
}

// Last of all: when the first record comes, everything else is open and the sandbox closed.
static int intake_start(struct collector *collector)
{
    struct intake_receiver receiver = {
        .record = intake_record,
        .executed = intake_executed,
        .environment = intake_environment,
        .process = intake_process,
        .executable = intake_executable,
        .process_exit = intake_process_exit,
        .walk = intake_walk,
        .attached = intake_is_attached,
        .detached = intake_is_detached,
        .drained = intake_has_drained,
        .context = collector,
    };
    const char *files[OUTPUTS_FILES_MAX + 2] = {collector->options.config_fd < 0 ? collector->options.config : NULL};
    outputs_files(collector->outputs, &collector->options, files + (files[0] != NULL));
    int r = collector->options.record ? recorder_start(collector, &receiver) : 0;
    if (r == 0)
        r = sandbox_enter(&(struct sandbox_needs){.connects = collector->options.otlp, .files = files});
    if (r < 0)
        return r;
    r = intake_new(&collector->intake, collector->loop, collector->options.loader_socket, &receiver, &collector->self);
    if (r < 0)
        log_error("cannot receive from the loader at %s: %s", collector->options.loader_socket, strerror(-r));
    return r;
}

static void collector_flush(struct collector *collector)
{
    notify_send("STOPPING=1");
    intake_drain(collector->intake);
    conn_table_flush(collector->stages.connections);
    self_refresh(collector);
    if (collector->recorder)
        recorder_tick(collector->recorder, &collector->self, clock_monotonic_ns());
    outputs_flush(collector->outputs, FLUSH_NS);
}

static void collector_release(struct collector *collector)
{
    intake_free(collector->intake);
    outputs_free(collector->outputs);
    recorder_free(collector->recorder);
    stages_release(&collector->stages);
    loop_free(collector->loop);
    reload_release(&collector->reload);
    cleanup_fd_close(&collector->signal_fd);
}

int main(int argc, char **argv, char **environment)
{
    static struct collector collector = {.signal_fd = -1};
    bool done = false;
    log_open();
    resident_limit();
    prctl(PR_SET_NAME, "redstart-collector"); // started by fd, it would be named after that
    int code = options_read(&collector.options, argc, argv, environment, &done);
    if (code != EXIT_CODE_DONE || done)
        return code;
    if (!privilege_none()) { // it parses what strangers wrote: a mistake in it must not be worth an attack
        log_error("refuses to run as root or with capabilities; start it by `redstart run`, or as a user of its own");
        return EXIT_CODE_USAGE;
    }
    if (collector.options.replay)
        return replay_run(&collector.options) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
    notify_init();
    collector.reload = (struct reload){argc, argv, environment, &collector.options, &collector.options};
    int r = collector_open(&collector);
    if (r == 0)
        r = outputs_start(&collector);
    if (r == -EINVAL)
        code = EXIT_CODE_USAGE; // an option, or a file that one names
    if (r == 0)
        r = intake_start(&collector);
    resident_trim();
    if (r == 0)
        r = loop_run(collector.loop);
    if (r == 0)
        collector_flush(&collector);
    collector_release(&collector);
    return code != EXIT_CODE_DONE ? code : r < 0 ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}
