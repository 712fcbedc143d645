// What a process takes, on the real /proc: ourselves and another one, and one that is not there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "collector/meta/usage.h"

#define BLOCK (8u << 20)

static uint64_t own_cpu_ns(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void ourselves(void **state)
{
    struct usage before, after;
    prctl(PR_SET_NAME, ") R 1 (x) "); // must not be taken for fields
    assert_int_equal(usage_read(0, &before), 0);
    char *block = malloc(BLOCK);
    assert_non_null(block);
    memset(block, 1, BLOCK);
    while (own_cpu_ns() < 50000000)
        ;
    assert_int_equal(usage_read(0, &after), 0);
    assert_int_equal(block[BLOCK - 1], 1);
    free(block);
    assert_in_range(after.resident_bytes - before.resident_bytes, BLOCK - (1 << 20), 2 * BLOCK);
    assert_in_range(after.cpu_ns, 20000000, own_cpu_ns() + 20000000);
}

static void another(void **state)
{
    struct usage usage;
    int written[2];
    char byte;
    assert_int_equal(pipe(written), 0);
    pid_t child = fork();
    if (child == 0) {
        char *block = malloc(BLOCK); // the kernel's count of pages lags behind by some dozens
        memset(block, 1, BLOCK);
        _exit(write(written[1], block, 1) == 1 ? pause() : 1);
    }
    assert_int_equal(read(written[0], &byte, 1), 1);
    int r = usage_read((uint32_t)child, &usage);
    kill(child, SIGKILL);
    close(written[0]);
    close(written[1]);
    assert_int_equal(r, 0);
    assert_in_range(usage.resident_bytes, BLOCK - (1 << 20), 3 * BLOCK);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(usage_read((uint32_t)child, &usage), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ourselves), cmocka_unit_test(another)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
