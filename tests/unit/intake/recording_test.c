// Recordings: what is written is read again, event by event; a file cut anywhere, or with lengths, kinds and times that
// do not fit, is an error that names its place.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/intake/recording.h"
#include "unit/records.h"

#define CLOCK_OFFSET INT64_C(-1234567890123456789)
#define FIRST_ENTRY  sizeof(struct recording_header)

static union record_room room;
static struct recording_counters counters;
static const struct process_executable executable = {
    .pid = 41, .start_ns = 99, .executable = {62, 64, EXECUTABLE_DYNAMIC, EXECUTABLE_PYTHON, 4, .version = "3.11"}};
static struct recording_event events[13];
static char *file_bytes;
static size_t file_size, entry_at[array_size(events) + 1]; // where each entry starts, and the end

static void events_make(void)
{
    counters.connections = 3;
    counters.kernel.value[COUNTER_RECORD_HTTP1] = 77;
    struct recording_event made[] = {
        {.kind = RECORDING_ATTACHED, .time_ns = 10},
        {.kind = RECORDING_PROCESS,
         .time_ns = 10,
         .process = {41, 40, 99, 8080, STR("/usr/bin/python3.11"), STR("python3")}},
        {.kind = RECORDING_CMDLINE, .time_ns = 11, .file = {41, STR("python3\0/srv/shop.py")}},
        {.kind = RECORDING_RECORD,
         .time_ns = 20,
         .record = record_make(&room, STR("GET /a HTTP/1.1\r\n\r\n"), STR("HTTP/1.1 204 None\r\n\r\n"))},
        {.kind = RECORDING_TICK, .time_ns = 30, .clock_offset_ns = INT64_MIN},
        {.kind = RECORDING_COUNTERS, .time_ns = 30, .counters = &counters},
        {.kind = RECORDING_EXECUTABLE, .time_ns = 35, .executable = &executable},
        {.kind = RECORDING_EXIT, .time_ns = 40, .exited_pid = 41},
        {.kind = RECORDING_PROCESS, .time_ns = 41, .process = {.pid = 42}},
        {.kind = RECORDING_ENVIRONMENT, .time_ns = 42, .environment = {41, 99, STR("shop"), STR("a=b,c=d")}},
        {.kind = RECORDING_EXECUTED, .time_ns = 42, .executed = {41, 99, STR("/system.slice/shop.service")}},
        {.kind = RECORDING_CGROUP, .time_ns = 42, .file = {41, STR("0::/system.slice/shop.service\n")}},
        {.kind = RECORDING_DETACHED, .time_ns = UINT64_MAX},
    };
    _Static_assert(sizeof made == sizeof events, "all of them");
    memcpy(events, made, sizeof events);
}

static int setup(void **state)
{
    events_make();
    FILE *file = open_memstream(&file_bytes, &file_size);
    if (!file || recording_begin(file, CLOCK_OFFSET) < 0)
        return -1;
    for (size_t i = 0; i < array_size(events); i++) {
        entry_at[i] = (size_t)ftell(file);
        if (recording_add(file, &events[i]) < 0)
            return -1;
    }
    fclose(file);
    entry_at[array_size(events)] = file_size;
    return 0;
}

static int teardown(void **state)
{
    free(file_bytes);
    return 0;
}

static bool str_same(struct str a, struct str b)
{
    return a.n == b.n && memcmp(a.p ? a.p : "", b.p ? b.p : "", a.n) == 0;
}

static void event_assert_same(const struct recording_event *a, const struct recording_event *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(a->time_ns == b->time_ns);
    switch (a->kind) {
    case RECORDING_RECORD:
        assert_int_equal(a->record->size, b->record->size);
        assert_memory_equal(a->record, b->record, b->record->size);
        break;
    case RECORDING_PROCESS:
        assert_int_equal(a->process.pid, b->process.pid);
        assert_int_equal(a->process.parent_pid, b->process.parent_pid);
        assert_true(a->process.start_ns == b->process.start_ns);
        assert_int_equal(a->process.listen_port, b->process.listen_port);
        assert_true(str_same(a->process.exe, b->process.exe) && str_same(a->process.comm, b->process.comm));
        break;
    case RECORDING_EXECUTABLE:
        assert_memory_equal(a->executable, b->executable, sizeof *b->executable);
        break;
    case RECORDING_EXIT:
        assert_int_equal(a->exited_pid, b->exited_pid);
        break;
    case RECORDING_EXECUTED:
        assert_int_equal(a->executed.pid, b->executed.pid);
        assert_true(a->executed.start_ns == b->executed.start_ns);
        assert_true(str_same(a->executed.cgroup, b->executed.cgroup));
        break;
    case RECORDING_ENVIRONMENT:
        assert_int_equal(a->environment.pid, b->environment.pid);
        assert_true(a->environment.start_ns == b->environment.start_ns);
        assert_true(str_same(a->environment.service_name, b->environment.service_name));
        assert_true(str_same(a->environment.attributes, b->environment.attributes));
        break;
    case RECORDING_CMDLINE:
    case RECORDING_CGROUP:
        assert_int_equal(a->file.pid, b->file.pid);
        assert_true(str_same(a->file.text, b->file.text));
        break;
    case RECORDING_COUNTERS:
        assert_memory_equal(a->counters, b->counters, sizeof *b->counters);
        break;
    case RECORDING_TICK:
        assert_true(a->clock_offset_ns == b->clock_offset_ns);
        break;
    default:
        break;
    }
}

static void test_round_trip(void **state)
{
    struct recording_reader reader;
    const struct recording_event *event;
    FILE *file = fmemopen(file_bytes, file_size, "r");
    assert_int_equal(recording_open(&reader, file), 0);
    assert_true(reader.clock_offset_ns == CLOCK_OFFSET);
    for (size_t i = 0; i < array_size(events); i++) {
        assert_int_equal(recording_next(&reader, &event), 1);
        event_assert_same(event, &events[i]);
        assert_true(reader.offset == entry_at[i + 1]);
    }
    for (int again = 0; again < 2; again++)
        assert_int_equal(recording_next(&reader, &event), 0);
    assert_null(reader.problem);
    fclose(file);
}

static void test_file(void **state)
{
    struct recording_reader reader;
    const struct recording_event *event;
    char text[64];
    size_t n = 0;
    FILE *file = fmemopen(file_bytes, file_size, "r");
    assert_int_equal(recording_open(&reader, file), 0);
    assert_int_equal(recording_next(&reader, &event), 1);
    assert_int_equal(recording_file(&reader, PROC_FILE_CMDLINE, 41, text, sizeof text, &n),
                     -ENOENT); // a process comes next
    assert_int_equal(recording_next(&reader, &event), 1);
    assert_int_equal(recording_file(&reader, PROC_FILE_CGROUP, 41, text, sizeof text, &n), -ENOENT); // another file
    assert_int_equal(recording_file(&reader, PROC_FILE_CMDLINE, 40, text, sizeof text, &n),
                     -ENOENT); // of another process
    assert_int_equal(recording_file(&reader, PROC_FILE_CMDLINE, 41, text, sizeof text, &n), 0);
    assert_true(str_same((struct str){text, n}, STR("python3\0/srv/shop.py")));
    event_assert_same(event, &events[1]); // what was handed out is still whole
    assert_int_equal(recording_file(&reader, PROC_FILE_CMDLINE, 41, text, sizeof text, &n), -ENOENT); // only once
    assert_int_equal(recording_next(&reader, &event), 1);
    event_assert_same(event, &events[3]);
    fclose(file);
}

static void test_file_cut_to_room(void **state)
{
    struct recording_reader reader;
    const struct recording_event *event;
    char text[6];
    size_t n = 0;
    FILE *file = fmemopen(file_bytes, file_size, "r");
    assert_int_equal(recording_open(&reader, file), 0);
    assert_int_equal(recording_next(&reader, &event) + recording_next(&reader, &event), 2);
    assert_int_equal(recording_file(&reader, PROC_FILE_CMDLINE, 41, text, sizeof text, &n), 0);
    assert_int_equal(n, sizeof text);
    assert_memory_equal(text, "python", sizeof text);
    fclose(file);
}

// Reads bytes to the end. The last return value; what is counted are the events before it.
static int read_all(const void *bytes, size_t size, struct recording_reader *ret_reader, size_t *ret_events)
{
    void *exact = malloc(size ? size : 1); // of its own size, so that ASan sees a byte too much
    assert_non_null(exact);
    memcpy(exact, bytes, size);
    FILE *file = fmemopen(exact, size, "r");
    const struct recording_event *event;
    *ret_events = 0;
    int r = recording_open(ret_reader, file);
    if (r == 0)
        while ((r = recording_next(ret_reader, &event)) > 0)
            (*ret_events)++;
    if (r < 0 && *ret_events) // sticky
        assert_int_equal(recording_next(ret_reader, &event), r);
    fclose(file);
    free(exact);
    return r;
}

static void test_cut_at_every_byte(void **state)
{
    struct recording_reader reader;
    for (size_t size = 1, whole = 0; size <= file_size; size++) {
        size_t count;
        int r = read_all(file_bytes, size, &reader, &count);
        if (size < FIRST_ENTRY) {
            assert_int_equal(r, -EBADMSG);
            assert_string_equal(reader.problem, "this is not a recording of redstart");
            continue;
        }
        while (whole < array_size(events) && size >= entry_at[whole + 1])
            whole++;
        assert_int_equal(count, whole);
        assert_int_equal(r, size == entry_at[whole] ? 0 : -EBADMSG);
        assert_true(reader.offset == entry_at[whole]);
        if (r < 0)
            assert_string_equal(reader.problem, "the file ends in the middle of this entry");
    }
}

static const struct damage {
    size_t entry, at; // event, byte of its entry
    uint32_t value;   // written there, 4 bytes
    const char *problem;
} damages[] = {
    {0, 8, RECORDING_NONE, "an entry of a kind that does not exist"},
    {0, 8, RECORDING_MAX, "an entry of an impossible kind or size"},
    {0, 12, 8, "an entry with more than its kind has"},
    {3, 12, RECORDING_SIZE_MAX + 1, "an entry of an impossible kind or size"},
    {3, 12, UINT32_MAX, "an entry of an impossible kind or size"},
    {3, 12, 0, "a ring record whose parts do not fit"},
    {3, 16, 3, "a ring record whose parts do not fit"}, // its kind and size
    {1, 12, 16, "a process entry that is too short"},
    {1, 12, 24, "a process entry whose lengths do not fit"},
    {1, 16 + 16, 8080u | (PROCESS_EXE_MAX + 1) << 16, "a process entry whose lengths do not fit"},
    {1, 16 + 20, 17, "a process entry whose lengths do not fit"}, // comm
    {1, 16 + 20, 6, "a process entry whose lengths do not fit"},
    {2, 12, 3, "an entry of a file in /proc of the wrong size"},
    {9, 12, 15, "an environment entry that is too short"},
    {9, 16 + 4, 129, "an environment entry whose lengths do not fit"},
    {9, 16 + 4, 5 | 7 << 16, "an environment entry whose lengths do not fit"},
    {10, 12, 15, "an entry of an execution that is too short"},
    {10, 16 + 4, CGROUP_PATH_MAX + 1, "an entry of an execution whose length does not fit"},
    {10, 16 + 4, 3, "an entry of an execution whose length does not fit"},
    {11, 12, 3, "an entry of a file in /proc of the wrong size"},
    {4, 12, 4, "a tick entry of the wrong size"},
    {5, 12, 256, "a counters entry of the wrong size"},
    {6, 12, 136, "an executable entry whose parts do not fit"},
    {6, 16 + 16, 62 | 33 << 16, "an executable entry whose parts do not fit"}, // of 33 bits
    {7, 12, 3, "an exit entry of the wrong size"},
    {7, 12, 8, "an exit entry of the wrong size"},
    {7, 0, 29, "an entry that is older than the one before it"},
};

static void test_damaged(void **state)
{
    for (size_t i = 0; i < array_size(damages); i++) {
        const struct damage *damage = &damages[i];
        struct recording_reader reader;
        size_t count;
        char *bytes = malloc(file_size);
        assert_non_null(bytes);
        memcpy(bytes, file_bytes, file_size);
        memcpy(bytes + entry_at[damage->entry] + damage->at, &damage->value, sizeof damage->value);
        assert_int_equal(read_all(bytes, file_size, &reader, &count), -EBADMSG);
        assert_string_equal(reader.problem, damage->problem);
        assert_true(reader.offset == entry_at[damage->entry]);
        assert_int_equal(count, damage->entry);
        free(bytes);
    }
}

static void test_header(void **state)
{
    struct recording_reader reader;
    size_t count;
    file_bytes[16]++;
    assert_int_equal(read_all(file_bytes, file_size, &reader, &count), -EBADMSG);
    assert_string_equal(reader.problem, "recorded by another version of redstart: record it again");
    file_bytes[16]--;
    file_bytes[0]++;
    assert_int_equal(read_all(file_bytes, file_size, &reader, &count), -EBADMSG);
    assert_string_equal(reader.problem, "this is not a recording of redstart");
    file_bytes[0]--;
    assert_int_equal(reader.offset, 0);
}

// What the reader would refuse is not written.
static void test_not_written(void **state)
{
    static char text[PROC_FILE_BYTES_MAX + 8];
    const struct recording_event bad[] = {
        {.kind = RECORDING_NONE},
        {.kind = RECORDING_MAX},
        {.kind = RECORDING_PROCESS, .process = {.exe = {text, PROCESS_EXE_MAX + 1}}},
        {.kind = RECORDING_PROCESS, .process = {.comm = {text, 17}}},
        {.kind = RECORDING_EXECUTED, .executed = {.cgroup = {text, CGROUP_PATH_MAX + 1}}},
        {.kind = RECORDING_ENVIRONMENT, .environment = {.service_name = {text, ENVIRONMENT_NAME_MAX + 1}}},
        {.kind = RECORDING_ENVIRONMENT, .environment = {.attributes = {text, ENVIRONMENT_ATTRIBUTES_MAX + 1}}},
        {.kind = RECORDING_CMDLINE, .file = {1, {text, PROC_FILE_BYTES_MAX + 5}}},
    };
    FILE *file = tmpfile();
    for (size_t i = 0; i < array_size(bad); i++)
        assert_int_equal(recording_add(file, &bad[i]), -EINVAL);
    assert_int_equal(ftell(file), 0);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),       cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_cut_to_room), cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_damaged),          cmocka_unit_test(test_header),
        cmocka_unit_test(test_not_written),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
