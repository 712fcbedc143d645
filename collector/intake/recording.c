// The format of recordings; see recording.h. Reading trusts nothing: an entry is taken into a buffer of the largest
// size there is, then taken apart under checks of its own kind.
#include "collector/intake/recording.h"

#include <errno.h>
#include <string.h>
#include "collector/intake/check.h"

#define PROCESS_COMM_MAX 16

static size_t padding(size_t size)
{
    return (8 - size % 8) % 8;
}

static int file_put(FILE *file, const void *bytes, size_t size)
{
    return size == 0 || fwrite(bytes, size, 1, file) == 1 ? 0 : errno ? -errno : -EIO;
}

int recording_begin(FILE *file, int64_t clock_offset_ns)
{
    struct recording_header header = {.abi_version = ABI_VERSION, .clock_offset_ns = clock_offset_ns};
    memcpy(header.magic, RECORDING_MAGIC, sizeof header.magic);
    return file_put(file, &header, sizeof header);
}

// An entry of up to three parts, the first of them of fixed size.
static int entry_put(FILE *file, const struct recording_event *event, const void *head, size_t head_size,
                     struct str first, struct str second)
{
    static const char zeros[8];
    size_t size = head_size + first.n + second.n;
    struct recording_entry entry = {event->time_ns, event->kind, (uint32_t)size};
    if (size > RECORDING_SIZE_MAX)
        return -EINVAL;
    int r = file_put(file, &entry, sizeof entry);
    r = r < 0 ? r : file_put(file, head, head_size);
    r = r < 0 ? r : file_put(file, first.p, first.n);
    r = r < 0 ? r : file_put(file, second.p, second.n);
    return r < 0 ? r : file_put(file, zeros, padding(size));
}

static int process_put(FILE *file, const struct recording_event *event)
{
    const struct process_facts *facts = &event->process;
    if (facts->exe.n > PROCESS_EXE_MAX || facts->comm.n > PROCESS_COMM_MAX)
        return -EINVAL;
    struct recording_process process = {
        .pid = facts->pid,
        .parent_pid = facts->parent_pid,
        .start_ns = facts->start_ns,
        .listen_port = facts->listen_port,
        .exe_size = (uint16_t)facts->exe.n,
        .comm_size = (uint16_t)facts->comm.n,
    };
    return entry_put(file, event, &process, sizeof process, facts->exe, facts->comm);
}

static int environment_put(FILE *file, const struct recording_event *event)
{
    const struct process_environment *said = &event->environment;
    if (said->service_name.n > ENVIRONMENT_NAME_MAX || said->attributes.n > ENVIRONMENT_ATTRIBUTES_MAX)
        return -EINVAL;
    struct recording_environment head = {
        .pid = said->pid,
        .name_size = (uint16_t)said->service_name.n,
        .attributes_size = (uint16_t)said->attributes.n,
        .start_ns = said->start_ns,
    };
    return entry_put(file, event, &head, sizeof head, said->service_name, said->attributes);
}

static int executed_put(FILE *file, const struct recording_event *event)
{
    const struct process_executed *executed = &event->executed;
    struct recording_executed head = {executed->pid, (uint32_t)executed->cgroup.n, executed->start_ns};
    if (executed->cgroup.n > CGROUP_PATH_MAX)
        return -EINVAL;
    return entry_put(file, event, &head, sizeof head, executed->cgroup, STR(""));
}

enum recording_kind recording_kind_of(enum proc_file file)
{
    return file == PROC_FILE_CMDLINE ? RECORDING_CMDLINE : RECORDING_CGROUP;
}

int recording_add(FILE *file, const struct recording_event *event)
{
    const struct str none = {NULL, 0};
    switch (event->kind) {
    case RECORDING_ATTACHED:
    case RECORDING_DETACHED:
        return entry_put(file, event, NULL, 0, none, none);
    case RECORDING_RECORD:
        return entry_put(file, event, event->record, event->record->size, none, none);
    case RECORDING_PROCESS:
        return process_put(file, event);
    case RECORDING_EXECUTABLE:
        return entry_put(file, event, event->executable, sizeof *event->executable, none, none);
    case RECORDING_EXIT:
        return entry_put(file, event, &event->exited_pid, sizeof event->exited_pid, none, none);
    case RECORDING_EXECUTED:
        return executed_put(file, event);
    case RECORDING_ENVIRONMENT:
        return environment_put(file, event);
    case RECORDING_CMDLINE:
    case RECORDING_CGROUP:
        return entry_put(file, event, &event->file.pid, sizeof event->file.pid, event->file.text, none);
    case RECORDING_COUNTERS:
        return entry_put(file, event, event->counters, sizeof *event->counters, none, none);
    case RECORDING_TICK:
        return entry_put(file, event, &event->clock_offset_ns, sizeof event->clock_offset_ns, none, none);
    case RECORDING_NONE:
    case RECORDING_MAX:
        break;
    }
    return -EINVAL;
}

static int reader_fail(struct recording_reader *reader, const char *problem)
{
    reader->problem = problem;
    return -EBADMSG;
}

// Exactly size bytes. 1; 0 at the end of the file, if `may_end`; else an error.
static int reader_get(struct recording_reader *reader, void *to, size_t size, bool may_end)
{
    size_t n = size ? fread(to, 1, size, reader->file) : 0;
    if (n == size)
        return 1;
    if (ferror(reader->file))
        return -EIO;
    return n == 0 && may_end ? 0 : reader_fail(reader, "the file ends in the middle of this entry");
}

int recording_open(struct recording_reader *reader, FILE *file)
{
    struct recording_header header;
    memset(reader, 0, sizeof *reader);
    reader->file = file;
    size_t n = fread(&header, 1, sizeof header, file);
    if (ferror(file))
        return -EIO;
    if (n != sizeof header || memcmp(header.magic, RECORDING_MAGIC, sizeof header.magic) != 0)
        return reader_fail(reader, "this is not a recording of redstart");
    if (header.abi_version != ABI_VERSION)
        return reader_fail(reader, "recorded by another version of redstart: record it again");
    reader->clock_offset_ns = header.clock_offset_ns;
    reader->offset = sizeof header;
    return 0;
}

// NULL or what is wrong.
static const char *process_parse(const uint8_t *data, size_t size, struct process_facts *ret_facts)
{
    struct recording_process process;
    if (size < sizeof process)
        return "a process entry that is too short";
    memcpy(&process, data, sizeof process);
    if (process.exe_size > PROCESS_EXE_MAX || process.comm_size > PROCESS_COMM_MAX ||
        sizeof process + process.exe_size + process.comm_size != size)
        return "a process entry whose lengths do not fit";
    const char *text = (const char *)data + sizeof process;
    *ret_facts = (struct process_facts){
        .pid = process.pid,
        .parent_pid = process.parent_pid,
        .start_ns = process.start_ns,
        .listen_port = process.listen_port,
        .exe = {text, process.exe_size},
        .comm = {text + process.exe_size, process.comm_size},
    };
    return NULL;
}

// NULL or what is wrong.
static const char *environment_parse(const uint8_t *data, size_t size, struct process_environment *ret_said)
{
    struct recording_environment head;
    if (size < sizeof head)
        return "an environment entry that is too short";
    memcpy(&head, data, sizeof head);
    if (head.name_size > ENVIRONMENT_NAME_MAX || head.attributes_size > ENVIRONMENT_ATTRIBUTES_MAX ||
        sizeof head + head.name_size + head.attributes_size != size)
        return "an environment entry whose lengths do not fit";
    const char *text = (const char *)data + sizeof head;
    *ret_said = (struct process_environment){
        .pid = head.pid,
        .start_ns = head.start_ns,
        .service_name = {text, head.name_size},
        .attributes = {text + head.name_size, head.attributes_size},
    };
    return NULL;
}

// NULL or what is wrong.
static const char *executed_parse(const uint8_t *data, size_t size, struct process_executed *ret_executed)
{
    struct recording_executed head;
    if (size < sizeof head)
        return "an entry of an execution that is too short";
    memcpy(&head, data, sizeof head);
    if (head.cgroup_size > CGROUP_PATH_MAX || sizeof head + head.cgroup_size != size)
        return "an entry of an execution whose length does not fit";
    *ret_executed =
        (struct process_executed){head.pid, head.start_ns, {(const char *)data + sizeof head, head.cgroup_size}};
    return NULL;
}

// Makes an event of an entry's bytes, which stay where they are. NULL or what is wrong.
static const char *event_parse(const uint8_t *data, size_t size, struct recording_event *event)
{
    switch (event->kind) {
    case RECORDING_ATTACHED:
    case RECORDING_DETACHED:
        return size == 0 ? NULL : "an entry with more than its kind has";
    case RECORDING_RECORD:
        event->record = (const struct http1_record *)data;
        return record_check(data, size) ? NULL : "a ring record whose parts do not fit";
    case RECORDING_PROCESS:
        return process_parse(data, size, &event->process);
    case RECORDING_EXECUTABLE:
        event->executable = (const struct process_executable *)data;
        return size == sizeof *event->executable && executable_check(&event->executable->executable)
                   ? NULL
                   : "an executable entry whose parts do not fit";
    case RECORDING_EXIT:
        memcpy(&event->exited_pid, data, sizeof event->exited_pid);
        return size == sizeof event->exited_pid ? NULL : "an exit entry of the wrong size";
    case RECORDING_EXECUTED:
        return executed_parse(data, size, &event->executed);
    case RECORDING_ENVIRONMENT:
        return environment_parse(data, size, &event->environment);
    case RECORDING_CMDLINE:
    case RECORDING_CGROUP:
        memcpy(&event->file.pid, data, sizeof event->file.pid);
        event->file.text = (struct str){(const char *)data + sizeof event->file.pid, size - sizeof event->file.pid};
        return size >= sizeof event->file.pid && event->file.text.n <= PROC_FILE_BYTES_MAX
                   ? NULL
                   : "an entry of a file in /proc of the wrong size";
    case RECORDING_COUNTERS:
        event->counters = (const struct recording_counters *)data;
        return size == sizeof *event->counters ? NULL : "a counters entry of the wrong size";
    case RECORDING_TICK:
        memcpy(&event->clock_offset_ns, data, sizeof event->clock_offset_ns);
        return size == sizeof event->clock_offset_ns ? NULL : "a tick entry of the wrong size";
    case RECORDING_NONE:
    case RECORDING_MAX:
        break;
    }
    return "an entry of a kind that does not exist";
}

// Reads the entry behind the current event into the other slot.
static int slot_fill(struct recording_reader *reader)
{
    struct recording_entry entry;
    uint8_t zeros[8];
    uint8_t *data = reader->slots[!reader->current].data;
    struct recording_event event;
    if (reader->problem)
        return -EBADMSG;
    int r = reader_get(reader, &entry, sizeof entry, true);
    if (r <= 0)
        return r;
    if (entry.size > RECORDING_SIZE_MAX || entry.kind >= RECORDING_MAX)
        return reader_fail(reader, "an entry of an impossible kind or size");
    if (entry.time_ns < reader->time_ns)
        return reader_fail(reader, "an entry that is older than the one before it");
    r = reader_get(reader, data, entry.size, false);
    if (r > 0)
        r = reader_get(reader, zeros, padding(entry.size), false);
    if (r <= 0)
        return r;
    event = (struct recording_event){.kind = entry.kind, .time_ns = entry.time_ns};
    const char *problem = event_parse(data, entry.size, &event);
    if (problem)
        return reader_fail(reader, problem);
    reader->slots[!reader->current].event = event;
    reader->time_ns = entry.time_ns;
    reader->offset += sizeof entry + entry.size + padding(entry.size);
    return 1;
}

int recording_next(struct recording_reader *reader, const struct recording_event **ret_event)
{
    int r = reader->ahead ? 1 : slot_fill(reader);
    if (r <= 0)
        return r;
    reader->ahead = false;
    reader->current = !reader->current;
    *ret_event = &reader->slots[reader->current].event;
    return 1;
}

int recording_file(void *context, enum proc_file file, uint32_t pid, char *buffer, size_t size, size_t *ret_n)
{
    struct recording_reader *reader = context;
    if (!reader->ahead)
        reader->ahead = slot_fill(reader) > 0;
    const struct recording_event *next = &reader->slots[!reader->current].event;
    if (!reader->ahead || next->kind != recording_kind_of(file) || next->file.pid != pid)
        return -ENOENT;
    size_t n = next->file.text.n < size ? next->file.text.n : size;
    memcpy(buffer, next->file.text.p, n);
    *ret_n = n;
    reader->ahead = false;
    return 0;
}
