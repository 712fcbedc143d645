// Messages of the loader: what is handed on, and each way in which one can be wrong.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "collector/intake/dispatch.h"

struct seen {
    unsigned maps, ready, processes, executables, exits, walks, rings;
    struct message_map_fd map;
    struct message_process process;
    struct message_executable executable;
    uint32_t exited;
    int answer;
};

static int on_map(void *context, const struct message_map_fd *map, int fd)
{
    struct seen *seen = context;
    seen->maps++;
    seen->map = *map;
    close(fd);
    return seen->answer;
}

static int on_ready(void *context, unsigned rings)
{
    struct seen *seen = context;
    seen->ready++;
    seen->rings = rings;
    return seen->answer;
}

static void on_process(void *context, const struct message_process *process)
{
    struct seen *seen = context;
    seen->processes++;
    seen->process = *process;
}

static void on_executable(void *context, const struct message_executable *executable)
{
    struct seen *seen = context;
    seen->executables++;
    seen->executable = *executable;
}

static void on_exit_of(void *context, uint32_t pid)
{
    struct seen *seen = context;
    seen->exits++;
    seen->exited = pid;
}

static void on_walk(void *context, bool ends)
{
    struct seen *seen = context;
    assert_int_equal(seen->walks++, ends);
}

static int null_open(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

// fd: -1 or one that must be closed or taken by the end.
static int give(struct dispatch *dispatch, struct seen *seen, const void *bytes, size_t size, int fd)
{
    const struct dispatch_receiver receiver = {on_map, on_ready, on_process, on_executable, on_exit_of, on_walk, seen};
    cleanup_fd int owned = fd;
    return dispatch_message(dispatch, &receiver, bytes, size, &owned);
}

static void test_a_conversation(void **state)
{
    struct dispatch dispatch = {.ready = false};
    struct seen seen = {.maps = 0};
    struct message_map_fd map = {MESSAGE_MAP, MESSAGE_MAP_RING, 3, 4096};
    struct message_ready ready = {MESSAGE_READY, 4};
    struct message_process process = {.kind = MESSAGE_PROCESS, .pid = 7, .exe_size = MESSAGE_EXE_MAX};
    struct message_executable executable = {.kind = MESSAGE_EXECUTABLE, .pid = 7, .executable = {.bits = 64}};
    struct message_exit ended = {MESSAGE_EXIT, 7};
    struct message_walk begins = {MESSAGE_WALK, 0}, ends = {MESSAGE_WALK, 1};
    assert_int_equal(give(&dispatch, &seen, &map, sizeof map, null_open()), 0);
    assert_int_equal(seen.map.index, 3);
    assert_int_equal(seen.map.size, 4096);
    assert_int_equal(give(&dispatch, &seen, &ready, sizeof ready, -1), 0);
    assert_int_equal(seen.rings, 4);
    assert_int_equal(give(&dispatch, &seen, &process, sizeof process, -1), 0);
    assert_int_equal(seen.process.pid, 7);
    assert_int_equal(give(&dispatch, &seen, &executable, sizeof executable, -1), 0);
    assert_memory_equal(&seen.executable, &executable, sizeof executable);
    assert_int_equal(give(&dispatch, &seen, &ended, sizeof ended, -1), 0);
    assert_int_equal(seen.exited, 7);
    assert_int_equal(give(&dispatch, &seen, &begins, sizeof begins, -1), 0);
    assert_int_equal(give(&dispatch, &seen, &ends, sizeof ends, -1), 0);
    assert_int_equal(seen.walks, 2);
    assert_int_equal(seen.maps + seen.ready + seen.processes + seen.executables + seen.exits, 5);
}

static void expect_bad(bool ready, const void *bytes, size_t size, bool with_fd)
{
    struct dispatch dispatch = {.ready = ready};
    struct seen seen = {.maps = 0};
    assert_int_equal(give(&dispatch, &seen, bytes, size, with_fd ? null_open() : -1), -EBADMSG);
    assert_int_equal(seen.maps + seen.ready + seen.processes + seen.executables + seen.exits + seen.walks, 0);
}

static void test_wrong_ones(void **state)
{
    const struct message_map_fd map = {MESSAGE_MAP, MESSAGE_MAP_RING, 0, 4096}, other = {MESSAGE_MAP, 3, 0, 4096};
    const struct message_ready ready = {MESSAGE_READY, 1}, none = {MESSAGE_READY, 0};
    const struct message_ready many = {MESSAGE_READY, MESSAGE_RINGS_MAX + 1};
    const struct message_process process = {.kind = MESSAGE_PROCESS},
                                 long_exe = {.kind = MESSAGE_PROCESS, .exe_size = 257};
    const struct message_executable executable = {.kind = MESSAGE_EXECUTABLE, .executable = {.bits = 64}},
                                    odd = {.kind = MESSAGE_EXECUTABLE, .executable = {.bits = 63}};
    const struct message_exit ended = {MESSAGE_EXIT, 1};
    const struct message_walk walk = {MESSAGE_WALK, 1}, third = {MESSAGE_WALK, 2};
    const uint32_t unknown[2] = {99, 0}, hello[4] = {MESSAGE_HELLO, MESSAGE_MAGIC, 1, 0};
    expect_bad(false, &map, 0, false);
    expect_bad(false, &map, 3, false);
    expect_bad(false, &map, sizeof map, false);    // no fd
    expect_bad(false, &map, sizeof map - 1, true); // too short
    expect_bad(false, &other, sizeof other, true); // no such map
    expect_bad(true, &map, sizeof map, true);      // after ready
    expect_bad(false, &ready, sizeof ready, true); // with an fd
    expect_bad(false, &ready, sizeof ready - 4, false);
    expect_bad(true, &ready, sizeof ready, false); // again
    expect_bad(false, &none, sizeof none, false);
    expect_bad(false, &many, sizeof many, false);
    expect_bad(false, &process, sizeof process, false); // before ready
    expect_bad(true, &process, sizeof process - 1, false);
    expect_bad(true, &process, sizeof process, true);
    expect_bad(true, &long_exe, sizeof long_exe, false);
    expect_bad(false, &executable, sizeof executable, false); // before ready
    expect_bad(true, &executable, sizeof executable - 1, false);
    expect_bad(true, &executable, sizeof executable, true);
    expect_bad(true, &odd, sizeof odd, false);
    expect_bad(false, &ended, sizeof ended, false);
    expect_bad(true, &ended, sizeof ended - 1, false);
    expect_bad(false, &walk, sizeof walk, false); // before ready
    expect_bad(true, &walk, sizeof walk - 1, false);
    expect_bad(true, &walk, sizeof walk, true);
    expect_bad(true, &third, sizeof third, false);
    expect_bad(true, unknown, sizeof unknown, false);
    expect_bad(false, unknown, sizeof unknown, false);
    expect_bad(true, hello, sizeof hello, false);
}

static void test_busy_and_refusals(void **state)
{
    const struct message_exit busy = {MESSAGE_BUSY, 0};
    const struct message_map_fd map = {MESSAGE_MAP, MESSAGE_MAP_COUNTERS, 0, 256};
    const struct message_ready ready = {MESSAGE_READY, 1};
    struct dispatch dispatch = {.ready = false};
    struct seen seen = {.answer = -EBADF};
    assert_int_equal(give(&dispatch, &seen, &busy, sizeof busy, -1), -EBUSY);
    assert_int_equal(give(&dispatch, &seen, &map, sizeof map, null_open()), -EBADF);
    assert_int_equal(give(&dispatch, &seen, &ready, sizeof ready, -1), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_conversation),
        cmocka_unit_test(test_wrong_ones),
        cmocka_unit_test(test_busy_and_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
