// Log lines as they reach standard error: levels, both formats, forged lines, long ones, and the rate limit.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/lib/log.h"

static char captured[8192];
static int saved_stderr, pipe_read;

static void capture_start(void)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(saved_stderr >= 0 && dup2(fds[1], STDERR_FILENO) == STDERR_FILENO);
    close(fds[1]);
    pipe_read = fds[0];
}

static const char *capture_end(void)
{
    ssize_t n = read(pipe_read, captured, sizeof(captured) - 1);
    captured[n > 0 ? n : 0] = 0;
    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    close(saved_stderr);
    close(pipe_read);
    return captured;
}

static void a_level_hides_those_below(void **state)
{
    log_init("redstart-test", LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    assert_true(log_enabled(LOG_LEVEL_ERROR) && log_enabled(LOG_LEVEL_WARN));
    assert_false(log_enabled(LOG_LEVEL_INFO) || log_enabled(LOG_LEVEL_DEBUG));
    capture_start();
    log_error("e=%d", 1);
    log_warn("w=%d", 2);
    log_info("i=%d", 3);
    log_debug("d=%d", 4);
    assert_string_equal(capture_end(), "redstart-test: error: e=1\nredstart-test: warn: w=2\n");
}

static void an_argument_cannot_forge_a_line(void **state)
{
    log_init("p", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    capture_start();
    log_info("exe=%s", "a\np: error: \x1b[2J\x7f");
    assert_string_equal(capture_end(), "p: info: exe=a?p: error: ?[2J?\n");
}

static void json_lines(void **state)
{
    log_init("p", LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    capture_start();
    log_info("path=\"C:\\x\"\t%s", "\n");
    const char *line = capture_end();
    long long seconds;
    int milliseconds, at = 0;
    assert_int_equal(sscanf(line, "{\"time\":%lld.%3d,%n", &seconds, &milliseconds, &at), 2);
    assert_true(seconds > 1700000000 && at > 0);
    assert_string_equal(line + at, "\"level\":\"info\",\"program\":\"p\",\"message\":\"path=\\\"C:\\\\x\\\"??\"}\n");
}

// What is closed becomes /dev/null, what is open stays.
static void closed_ones_are_opened(void **state)
{
    int saved[] = {dup(STDIN_FILENO), dup(STDERR_FILENO)};
    struct stat before, now, null;
    assert_int_equal(stat("/dev/null", &null), 0);
    assert_int_equal(fstat(STDOUT_FILENO, &before), 0);
    close(STDIN_FILENO);
    close(STDERR_FILENO);
    log_open();
    bool right = fstat(STDIN_FILENO, &now) == 0 && now.st_rdev == null.st_rdev;
    right = right && fstat(STDERR_FILENO, &now) == 0 && now.st_rdev == null.st_rdev;
    right = right && write(STDERR_FILENO, "x", 1) == 1;
    right = right && fstat(STDOUT_FILENO, &now) == 0 && now.st_ino == before.st_ino;
    int next = dup(STDOUT_FILENO); // nothing beside is left open
    dup2(saved[0], STDIN_FILENO);
    dup2(saved[1], STDERR_FILENO);
    assert_true(right);
    assert_int_equal(next, saved[1] + 1);
    close(saved[0]);
    close(saved[1]);
    close(next);
}

static void a_long_line_is_cut_and_ends(void **state)
{
    char text[5000];
    memset(text, '"', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    for (int format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_JSON; format++) {
        log_init("p", LOG_LEVEL_INFO, (enum log_format)format);
        capture_start();
        log_info("%s", text);
        const char *line = capture_end();
        size_t n = strlen(line);
        assert_true(n > 1000 && n < 2400);
        assert_ptr_equal(strchr(line, '\n'), line + n - 1);
        if (format == LOG_FORMAT_JSON)
            assert_memory_equal(line + n - 5, "\\\"\"}\n", 5); // no escape is cut in two
    }
}

static void log_burst(unsigned lines)
{
    for (unsigned i = 0; i < lines; i++)
        log_limited(LOG_LEVEL_WARN, "busy n=%u", i);
}

static void a_call_site_is_limited_to_a_line_a_second(void **state)
{
    log_init("p", LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    capture_start();
    log_burst(1000);
    unsigned lines = 0;
    for (const char *p = capture_end(); (p = strchr(p, '\n')); p++)
        lines++;
    assert_true(lines == 1 || lines == 2); // two if the second turned meanwhile
    assert_memory_equal(captured, "p: warn: busy n=0 suppressed=0\n", 31);
    struct log_limit limit = {0};
    unsigned long skipped = 99;
    assert_true(log_limit_pass(&limit, &skipped));
    assert_int_equal(skipped, 0);
    limit.skipped = 7; // as if skipped in a second that is over
    limit.second -= 1;
    assert_true(log_limit_pass(&limit, &skipped));
    assert_int_equal(skipped, 7);
    assert_int_equal(limit.skipped, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_hides_those_below),
        cmocka_unit_test(an_argument_cannot_forge_a_line),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(closed_ones_are_opened),
        cmocka_unit_test(a_long_line_is_cut_and_ends),
        cmocka_unit_test(a_call_site_is_limited_to_a_line_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
