// The recorder: hands everything on, writes it all down, for its owner only and never over another file.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "collector/core/clock.h"
#include "collector/intake/recorder.h"
#include "unit/records.h"

static char folder[] = "/tmp/redstart-recorder-XXXXXX", path[64];
static char handed_on[256]; // a word for each event that arrived

static int setup(void **state)
{
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a.rec", folder);
    return 0;
}

static int teardown(void **state)
{
    unlink(path);
    return rmdir(folder);
}

static void note(const char *event, uint32_t number)
{
    size_t n = strlen(handed_on);
    snprintf(handed_on + n, sizeof handed_on - n, "%s=%u ", event, number);
}

static void on_record(void *context, const struct http1_record *record)
{
    note("record", record->size);
}

static void on_process(void *context, const struct process_facts *facts)
{
    note("process", facts->pid);
    char text[64];
    size_t n;
    // As the process table does while it handles this: our own files, then one of nobody.
    struct recorder *recorder = *(struct recorder **)context;
    assert_int_equal(recorder_file(recorder, PROC_FILE_CGROUP, (uint32_t)getpid(), text, sizeof text, &n), 0);
    assert_int_equal(recorder_file(recorder, PROC_FILE_CMDLINE, (uint32_t)getpid(), text, sizeof text, &n), 0);
    assert_int_equal(recorder_file(recorder, PROC_FILE_CMDLINE, 0x70000000, text, sizeof text, &n), -ENOENT);
}

static void on_executed(void *context, const struct process_executed *executed)
{
    note("executed", executed->pid);
}

static void on_environment(void *context, const struct process_environment *said)
{
    note("environment", said->pid);
}

static void on_executable(void *context, const struct process_executable *found)
{
    note("executable", found->pid);
}

static void on_exit_of(void *context, uint32_t pid)
{
    note("exit", pid);
}

static void on_walk(void *context, bool ends)
{
    note("walk", ends);
}

static void on_attached(void *context)
{
    note("attached", 0);
}

static void on_detached(void *context)
{
    note("detached", 0);
}

static void on_drained(void *context)
{
    note("drained", 0);
}

// One of everything; the counters are written only when they changed.
static void record_one_of_each(struct recorder **recorder)
{
    static union record_room room;
    static struct self self = {.connections = 2, .kernel = {[COUNTER_RECORD_HTTP1] = 5}};
    struct intake_receiver to = {on_record, on_executed, on_environment, on_process, on_executable, on_exit_of,
                                 on_walk,   on_attached, on_detached,    on_drained, recorder};
    struct process_executable found = {.pid = 9, .executable = {.bits = 64, .language = EXECUTABLE_GO}};
    struct process_facts facts = {.pid = 9, .exe = STR("/bin/x"), .comm = STR("x")};
    assert_int_equal(recorder_new(recorder, path, &to), 0);
    struct intake_receiver from = recorder_receiver(*recorder);
    from.attached(from.context);
    from.process(from.context, &facts);
    from.executable(from.context, &found);
    from.executed(from.context, &(struct process_executed){9, 1, STR("/a.slice")});
    from.environment(from.context, &(struct process_environment){9, 1, STR("shop"), STR("a=b")});
    from.record(from.context, record_make(&room, STR("GET / HTTP/1.1\r\n\r\n"), STR("")));
    from.drained(from.context);
    recorder_tick(*recorder, &self, clock_monotonic_ns());
    recorder_tick(*recorder, &self, clock_monotonic_ns());
    from.process_exit(from.context, 9);
    from.walk(from.context, true);
    from.detached(from.context);
    recorder_free(*recorder);
}

static void test_all_events(void **state)
{
    static const enum recording_kind kinds[] = {
        RECORDING_ATTACHED, RECORDING_PROCESS,     RECORDING_CGROUP,   RECORDING_CMDLINE,  RECORDING_EXECUTABLE,
        RECORDING_EXECUTED, RECORDING_ENVIRONMENT, RECORDING_RECORD,   RECORDING_COUNTERS, RECORDING_TICK,
        RECORDING_TICK,     RECORDING_EXIT,        RECORDING_DETACHED,
    };
    struct recorder *recorder;
    struct recording_reader reader;
    const struct recording_event *event;
    clock_offset_set(4000);
    record_one_of_each(&recorder);
    assert_string_equal(
        handed_on,
        "attached=0 process=9 executable=9 executed=9 environment=9 record=162 drained=0 exit=9 walk=1 detached=0 ");

    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(recording_open(&reader, file), 0);
    assert_true(reader.clock_offset_ns == 4000);
    for (size_t i = 0; i < array_size(kinds); i++) {
        assert_int_equal(recording_next(&reader, &event), 1);
        assert_int_equal(event->kind, kinds[i]);
        if (event->kind == RECORDING_COUNTERS) {
            assert_true(event->counters->connections == 2);
            assert_true(event->counters->kernel.value[COUNTER_RECORD_HTTP1] == 5);
        }
        if (event->kind == RECORDING_EXECUTABLE)
            assert_int_equal(event->executable->executable.language, EXECUTABLE_GO);
        if (event->kind == RECORDING_TICK)
            assert_true(event->clock_offset_ns == 4000);
        if (event->kind == RECORDING_CMDLINE || event->kind == RECORDING_CGROUP)
            assert_int_equal(event->file.pid, getpid());
        if (event->kind == RECORDING_ENVIRONMENT)
            assert_true(str_equal(event->environment.service_name, STR("shop")));
    }
    assert_int_equal(recording_next(&reader, &event), 0);
    fclose(file);
}

// No more room: the recording ends, the run goes on.
static void test_file_takes_no_more(void **state)
{
    static union record_room room;
    static const struct self self;
    struct recorder *recorder;
    struct intake_receiver to = {.record = on_record};
    struct rlimit before, small;
    struct stat file;
    char full[80];
    snprintf(full, sizeof full, "%s/full.rec", folder);
    assert_int_equal(recorder_new(&recorder, full, &to), 0);
    struct intake_receiver from = recorder_receiver(recorder);
    handed_on[0] = 0;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){300, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 3; i++) {
        from.record(from.context, record_make(&room, STR("GET / HTTP/1.1\r\n\r\n"), STR("")));
        recorder_tick(recorder, &self, clock_monotonic_ns());
    }
    recorder_free(recorder);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_string_equal(handed_on, "record=162 record=162 record=162 ");
    assert_int_equal(stat(full, &file), 0);
    assert_int_equal(file.st_size, 300);
    assert_int_equal(unlink(full), 0);
}

static void test_mode_and_no_overwriting(void **state)
{
    static const struct intake_receiver nobody;
    struct recorder *recorder;
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 07777, 0600);
    assert_int_equal(recorder_new(&recorder, path, &nobody), -EEXIST);
    assert_int_equal(recorder_new(&recorder, "/nowhere/x", &nobody), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_events),
        cmocka_unit_test(test_file_takes_no_more),
        cmocka_unit_test(test_mode_and_no_overwriting),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
