// Files of processes: our own, cut to room, and those of nobody.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "collector/meta/proc_file.h"

static void own_files(void **state)
{
    char text[PROC_FILE_BYTES_MAX];
    size_t n = 0;
    assert_int_equal(proc_file_read(PROC_FILE_CMDLINE, (uint32_t)getpid(), text, sizeof text, &n), 0);
    assert_non_null(memmem(text, n, "proc_file", 9));
    assert_int_equal(proc_file_read(PROC_FILE_CMDLINE, (uint32_t)getpid(), text, 3, &n), 0);
    assert_int_equal(n, 3);
    assert_int_equal(proc_file_read(PROC_FILE_CGROUP, (uint32_t)getpid(), text, sizeof text, &n), 0);
    assert_non_null(memmem(text, n, ":/", 2));
}

static void of_nobody(void **state)
{
    char text[16];
    size_t n = 7;
    assert_int_equal(proc_file_read(PROC_FILE_CMDLINE, 0x7fffffff, text, sizeof text, &n), -ENOENT);
    assert_int_equal(proc_file_read(PROC_FILE_CGROUP, 0x7fffffff, text, sizeof text, &n), -ENOENT);
    assert_int_equal(n, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(own_files), cmocka_unit_test(of_nobody)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
