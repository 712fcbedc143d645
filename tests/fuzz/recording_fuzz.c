// Fuzz target: a recording, read to its end and played into processes and exchanges as collector/replay.c does. Every
// byte that an event points to is touched; an error names a place within the file and stays.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include "collector/conn/conn.h"
#include "collector/intake/recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void sink(void *context, const struct span *span)
{
    uint64_t *spans = context;
    *spans += 1;
}

static void touch(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        (void)((const volatile uint8_t *)bytes)[i];
}

static void play(const struct recording_event *event, struct process_table *processes, struct conn_table *table)
{
    switch (event->kind) {
    case RECORDING_RECORD:
        touch(event->record, event->record->size);
        conn_table_record(table, event->record, event->time_ns);
        break;
    case RECORDING_PROCESS:
        touch(event->process.exe.p, event->process.exe.n);
        touch(event->process.comm.p, event->process.comm.n);
        if (process_table_update(processes, &event->process) < 0)
            process_table_expire(processes, UINT64_MAX); // full: make room
        break;
    case RECORDING_EXECUTABLE:
        process_table_executable(processes, event->executable);
        break;
    case RECORDING_EXIT:
        process_table_exit(processes, event->exited_pid, event->time_ns);
        break;
    case RECORDING_EXECUTED:
        touch(event->executed.cgroup.p, event->executed.cgroup.n);
        process_table_executed(processes, &event->executed, event->time_ns);
        break;
    case RECORDING_ENVIRONMENT:
        touch(event->environment.service_name.p, event->environment.service_name.n);
        touch(event->environment.attributes.p, event->environment.attributes.n);
        process_table_environment(processes, &event->environment, event->time_ns);
        break;
    case RECORDING_CMDLINE:
    case RECORDING_CGROUP:
        touch(event->file.text.p, event->file.text.n);
        break;
    case RECORDING_COUNTERS:
        touch(event->counters, sizeof *event->counters);
        break;
    case RECORDING_TICK:
        conn_table_tick(table, event->time_ns);
        break;
    case RECORDING_ATTACHED:
    case RECORDING_DETACHED:
        break;
    case RECORDING_NONE:
    case RECORDING_MAX:
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct recording_reader reader;
    const struct recording_event *event;
    struct self self = {.connections = 0};
    struct process_table *processes;
    struct conn_table *table;
    uint64_t spans = 0, before = 0, records = 0;
    FILE *file = fmemopen((void *)data, size, "r");
    if (!file || process_table_new(&processes, NULL, "host", 4) < 0 ||
        conn_table_new(&table, 4, processes, &self, sink, &spans) < 0)
        abort();
    process_table_source(processes, recording_file, &reader);

    int r = recording_open(&reader, file);
    while (r >= 0 && (r = recording_next(&reader, &event)) > 0) {
        require(event->time_ns >= before && reader.offset <= size);
        before = event->time_ns;
        records += event->kind == RECORDING_RECORD;
        play(event, processes, table);
    }
    require(r == 0 || (r == -EBADMSG && reader.problem && reader.offset <= size));
    require(reader.offset == 0 || recording_next(&reader, &event) == r);
    conn_table_flush(table);
    require(spans <= records);
    conn_table_free(table);
    process_table_free(processes);
    fclose(file);
    return 0;
}
