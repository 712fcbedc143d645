// Recording while running; see recorder.h. A file that takes no more is said once and ends the recording, not the run.
#include "collector/intake/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "collector/core/clock.h"
#include "common/lib/log.h"

struct recorder {
    struct intake_receiver receiver;
    FILE *file; // NULL: stopped
    struct recording_counters counters;
};

static void recorder_stop(struct recorder *recorder, const char *why)
{
    log_error("the recording ends here: %s", why);
    fclose(recorder->file);
    recorder->file = NULL;
}

static void recorder_add(struct recorder *recorder, struct recording_event event)
{
    if (!recorder->file)
        return;
    if (!event.time_ns)
        event.time_ns = clock_monotonic_ns();
    int r = recording_add(recorder->file, &event);
    if (r < 0)
        recorder_stop(recorder, strerror(-r));
}

static void record_received(void *context, const struct http1_record *record)
{
    struct recorder *recorder = context;
    recorder_add(recorder, (struct recording_event){.kind = RECORDING_RECORD, .record = record});
    recorder->receiver.record(recorder->receiver.context, record);
}

static void executed_received(void *context, const struct process_executed *executed)
{
    struct recorder *recorder = context;
    recorder_add(recorder, (struct recording_event){.kind = RECORDING_EXECUTED, .executed = *executed});
    recorder->receiver.executed(recorder->receiver.context, executed);
}

static void environment_received(void *context, const struct process_environment *said)
{
    struct recorder *recorder = context;
    recorder_add(recorder, (struct recording_event){.kind = RECORDING_ENVIRONMENT, .environment = *said});
    recorder->receiver.environment(recorder->receiver.context, said);
}

static void process_received(void *context, const struct process_facts *facts)
{
    struct recorder *recorder = context;
    recorder_add(recorder, (struct recording_event){.kind = RECORDING_PROCESS, .process = *facts});
    recorder->receiver.process(recorder->receiver.context, facts);
}

static void executable_received(void *context, const struct process_executable *found)
{
    struct recorder *recorder = context;
    recorder_add(recorder, (struct recording_event){.kind = RECORDING_EXECUTABLE, .executable = found});
    recorder->receiver.executable(recorder->receiver.context, found);
}

static void exit_received(void *context, uint32_t pid)
{
    struct recorder *recorder = context;
    recorder_add(recorder, (struct recording_event){.kind = RECORDING_EXIT, .exited_pid = pid});
    recorder->receiver.process_exit(recorder->receiver.context, pid);
}

// Not written: a replay ends before it matters.
static void walk_received(void *context, bool ends)
{
    struct recorder *recorder = context;
    recorder->receiver.walk(recorder->receiver.context, ends);
}

static void intake_is_attached(void *context)
{
    struct recorder *recorder = context;
    recorder_add(recorder, (struct recording_event){.kind = RECORDING_ATTACHED});
    recorder->receiver.attached(recorder->receiver.context);
}

static void intake_is_detached(void *context)
{
    struct recorder *recorder = context;
    recorder_add(recorder, (struct recording_event){.kind = RECORDING_DETACHED});
    recorder->receiver.detached(recorder->receiver.context);
}

static void intake_has_drained(void *context)
{
    struct recorder *recorder = context;
    recorder->receiver.drained(recorder->receiver.context);
}

int recorder_new(struct recorder **ret_recorder, const char *path, const struct intake_receiver *receiver)
{
    cleanup_free struct recorder *recorder = calloc(1, sizeof *recorder);
    if (!recorder)
        return -ENOMEM;
    // Never over another file: an earlier recording, or one that a link of somebody else's points to.
    cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    recorder->receiver = *receiver;
    recorder->file = fdopen(fd, "wb");
    if (!recorder->file)
        return -errno;
    fd_take(&fd);
    int r = recording_begin(recorder->file, clock_offset());
    if (r < 0) {
        fclose(recorder->file);
        return r;
    }
    *ret_recorder = recorder;
    recorder = NULL;
    return 0;
}

void recorder_free(struct recorder *recorder)
{
    if (!recorder)
        return;
    if (recorder->file && fclose(recorder->file) != 0)
        log_error("the recording's end may be missing: %s", strerror(errno));
    free(recorder);
}

struct intake_receiver recorder_receiver(struct recorder *recorder)
{
    return (struct intake_receiver){
        .record = record_received,
        .executed = executed_received,
        .environment = environment_received,
        .process = process_received,
        .executable = executable_received,
        .process_exit = exit_received,
        .walk = walk_received,
        .attached = intake_is_attached,
        .detached = intake_is_detached,
        .drained = intake_has_drained,
        .context = recorder,
    };
}

int recorder_file(void *context, enum proc_file file, uint32_t pid, char *buffer, size_t size, size_t *ret_n)
{
    struct recorder *recorder = context;
    size_t n;
    int r = proc_file_read(file, pid, buffer, size, &n);
    if (r < 0)
        return r;
    recorder_add(recorder, (struct recording_event){.kind = recording_kind_of(file), .file = {pid, {buffer, n}}});
    *ret_n = n;
    return 0;
}

void recorder_tick(struct recorder *recorder, const struct self *self, uint64_t now_ns)
{
    struct recording_counters counters = {.connections = self->connections};
    memcpy(counters.kernel.value, self->kernel, sizeof self->kernel);
    if (memcmp(&counters, &recorder->counters, sizeof counters) != 0)
        recorder_add(recorder,
                     (struct recording_event){.kind = RECORDING_COUNTERS, .time_ns = now_ns, .counters = &counters});
    recorder->counters = counters;
    recorder_add(recorder, (struct recording_event){
                               .kind = RECORDING_TICK, .time_ns = now_ns, .clock_offset_ns = clock_offset()});
    if (recorder->file && fflush(recorder->file) != 0)
        recorder_stop(recorder, strerror(errno));
    if (recorder->file && ftell(recorder->file) >= (long)RECORDER_BYTES_MAX)
        recorder_stop(recorder, "it has reached its largest size");
}
