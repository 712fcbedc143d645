// Whole files: every length about the buffer's, the limit, and what cannot be read.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "collector/conf/file.h"

#define MAX 20000

static void sizes(void **state)
{
    static const size_t rows[] = {0, 1, 4094, 4095, 4096, 4097, 8191, 8192, MAX};
    char path[] = "/tmp/redstart-file-XXXXXX";
    cleanup_fd int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i < array_size(rows); i++) {
        char *content = calloc(1, rows[i] + 1), *bytes = NULL;
        size_t size = SIZE_MAX;
        memset(content, 'a' + (int)i, rows[i]);
        assert_int_equal(pwrite(fd, content, rows[i], 0), rows[i]);
        assert_int_equal(file_read(path, MAX, &bytes, &size), 0);
        assert_int_equal(size, rows[i]);
        assert_string_equal(bytes, content);
        free(bytes);
        free(content);
    }
    char *bytes;
    size_t size;
    assert_int_equal(file_read(path, MAX - 1, &bytes, &size), -EFBIG);
    unlink(path);
    assert_int_equal(file_read(path, MAX, &bytes, &size), -ENOENT);
    assert_int_equal(file_read("/tmp", MAX, &bytes, &size), -EISDIR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
