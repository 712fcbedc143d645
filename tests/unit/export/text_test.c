// The sink: whole lines only, nothing lost while the reader keeps up, losses counted when it does not, never a wait.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include "collector/core/clock.h"
#include "collector/export/text.h"
#include "unit/export/spans.h"

struct bench {
    struct loop *loop;
    struct self self;
    struct text_sink *sink;
    int read_fd, write_fd;
    size_t line_size;
};

static void bench_open(struct bench *bench)
{
    int fds[2];
    *bench = (struct bench){0};
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    bench->read_fd = fds[0];
    bench->write_fd = fds[1];
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(loop_new(&bench->loop), 0);
    assert_int_equal(text_sink_new(&bench->sink, bench->loop, &bench->self, fds[1], TEXT_FORMAT_JSON), 0);
    struct buffer line;
    buffer_init(&line, 4096);
    struct span span = spans_server();
    json_format_span(&line, &span);
    bench->line_size = line.n;
    buffer_release(&line);
}

static void bench_close(struct bench *bench)
{
    text_sink_free(bench->sink);
    loop_free(bench->loop);
    close(bench->read_fd);
    close(bench->write_fd);
}

static void record(struct bench *bench, unsigned spans)
{
    struct span span = spans_server();
    for (unsigned i = 0; i < spans; i++)
        text_sink_span(bench->sink, &span);
}

// Reads what is there; each byte at its place in the same line repeated.
static size_t drain(struct bench *bench, size_t already)
{
    static char expected[4096], got[65536];
    struct buffer line;
    buffer_init(&line, sizeof(expected));
    struct span span = spans_server();
    json_format_span(&line, &span);
    memcpy(expected, line.p, line.n);
    buffer_release(&line);
    size_t total = 0;
    ssize_t n;
    while ((n = read(bench->read_fd, got, sizeof(got))) > 0)
        for (ssize_t i = 0; i < n; i++, total++)
            if (got[i] != expected[(already + total) % bench->line_size])
                fail_msg("byte %zu differs", already + total);
    return total;
}

static uint64_t dropped(const struct bench *bench, enum self_spans_dropped cause)
{
    return bench->self.spans_dropped[cause];
}

static void a_line_comes_in_the_next_turn(void **state)
{
    struct bench bench;
    bench_open(&bench);
    record(&bench, 3);
    assert_int_equal(drain(&bench, 0), 0);
    assert_int_equal(loop_run_once(bench.loop, NS_PER_SEC), 0);
    assert_int_equal(drain(&bench, 0), 3 * bench.line_size);
    record(&bench, 1);
    assert_int_equal(loop_run_once(bench.loop, NS_PER_SEC), 0);
    assert_int_equal(drain(&bench, 0), bench.line_size);
    bench_close(&bench);
}

static void nothing_is_lost_while_the_reader_keeps_up(void **state)
{
    enum { ROUNDS = 200, SPANS = 400 }; // each round more than a pipe holds
    struct bench bench;
    bench_open(&bench);
    size_t read = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        record(&bench, SPANS);
        for (size_t n = 1; n;) {
            assert_int_equal(loop_run_once(bench.loop, 0), 0);
            n = drain(&bench, read);
            read += n;
        }
    }
    assert_int_equal(read, (size_t)ROUNDS * SPANS * bench.line_size);
    assert_int_equal(dropped(&bench, SELF_SPANS_DROPPED_STDOUT_SLOW), 0);
    bench_close(&bench);
}

static void a_reader_that_stops_costs_spans_that_are_counted(void **state)
{
    enum { SPANS = 20000 };
    struct bench bench;
    bench_open(&bench);
    uint64_t start = clock_monotonic_ns();
    for (unsigned i = 0; i < SPANS / 100; i++) {
        record(&bench, 100);
        assert_int_equal(loop_run_once(bench.loop, 0), 0);
    }
    assert_true(clock_monotonic_ns() - start < 10 * NS_PER_SEC);
    uint64_t lost = dropped(&bench, SELF_SPANS_DROPPED_STDOUT_SLOW);
    assert_true(lost > 0 && lost < SPANS);
    size_t read = 0;
    for (size_t n = 1; n;) {
        assert_int_equal(loop_run_once(bench.loop, 0), 0);
        n = drain(&bench, read);
        read += n;
    }
    assert_int_equal(read, (SPANS - lost) * bench.line_size); // whole lines, and every span is one or the other
    record(&bench, 1);                                        // the reader is back: nothing more is lost
    assert_int_equal(loop_run_once(bench.loop, NS_PER_SEC), 0);
    assert_int_equal(drain(&bench, read), bench.line_size);
    assert_int_equal(dropped(&bench, SELF_SPANS_DROPPED_STDOUT_SLOW), lost);
    bench_close(&bench);
}

static void flush_waits_no_longer_than_told(void **state)
{
    enum { SPANS = 1000 };
    struct bench bench;
    bench_open(&bench);
    record(&bench, SPANS);
    uint64_t start = clock_monotonic_ns();
    text_sink_flush(bench.sink, 20 * NS_PER_MS);
    uint64_t waited = clock_monotonic_ns() - start;
    assert_true(waited >= 20 * NS_PER_MS && waited < 2 * NS_PER_SEC);
    size_t read = drain(&bench, 0);
    // The line that the pipe's end cut counts as lost.
    assert_int_equal(read / bench.line_size + dropped(&bench, SELF_SPANS_DROPPED_STDOUT_SLOW), SPANS);
    bench_close(&bench);
}

static void flush_writes_what_fits(void **state)
{
    struct bench bench;
    bench_open(&bench);
    record(&bench, 5);
    text_sink_flush(bench.sink, 0);
    assert_int_equal(drain(&bench, 0), 5 * bench.line_size);
    bench_close(&bench);
}

static void a_reader_that_went_away(void **state)
{
    struct bench bench;
    bench_open(&bench);
    close(bench.read_fd);
    bench.read_fd = -1;
    record(&bench, 7);
    assert_int_equal(loop_run_once(bench.loop, NS_PER_SEC), 0);
    assert_int_equal(dropped(&bench, SELF_SPANS_DROPPED_STDOUT_FAILED), 7);
    assert_int_equal(dropped(&bench, SELF_SPANS_DROPPED_STDOUT_SLOW), 0);
    bench_close(&bench);
}

static void the_fd_gets_its_mode_back(void **state)
{
    struct bench bench;
    bench_open(&bench);
    int write_fd = dup(bench.write_fd);
    assert_true(fcntl(write_fd, F_GETFL) & O_NONBLOCK);
    bench_close(&bench);
    assert_false(fcntl(write_fd, F_GETFL) & O_NONBLOCK);
    close(write_fd);
}

static void a_regular_file(void **state)
{
    struct loop *loop = NULL;
    struct self self = {0};
    struct text_sink *sink = NULL;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(text_sink_new(&sink, loop, &self, fileno(file), TEXT_FORMAT_TEXT), 0);
    assert_false(fcntl(fileno(file), F_GETFL) & O_NONBLOCK);
    struct span span = spans_server();
    text_sink_span(sink, &span);
    assert_int_equal(loop_run_once(loop, NS_PER_SEC), 0);
    char line[512];
    rewind(file);
    assert_non_null(fgets(line, sizeof(line), file));
    assert_non_null(strstr(line, " SERVER 200 POST /post "));
    text_sink_free(sink);
    text_sink_free(NULL);
    loop_free(loop);
    fclose(file);
}

static void a_bad_fd_is_an_error(void **state)
{
    struct loop *loop = NULL;
    struct self self = {0};
    struct text_sink *sink = NULL;
    assert_int_equal(loop_new(&loop), 0);
    for (unsigned i = 0; i <= LOOP_TIMERS_MAX; i++) // and leaves no timer behind
        assert_int_equal(text_sink_new(&sink, loop, &self, -1, TEXT_FORMAT_TEXT), -EBADF);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_comes_in_the_next_turn),
        cmocka_unit_test(nothing_is_lost_while_the_reader_keeps_up),
        cmocka_unit_test(a_reader_that_stops_costs_spans_that_are_counted),
        cmocka_unit_test(flush_waits_no_longer_than_told),
        cmocka_unit_test(flush_writes_what_fits),
        cmocka_unit_test(a_reader_that_went_away),
        cmocka_unit_test(the_fd_gets_its_mode_back),
        cmocka_unit_test(a_regular_file),
        cmocka_unit_test(a_bad_fd_is_an_error),
    };
    signal(SIGPIPE, SIG_IGN); // as the collector does
    return cmocka_run_group_tests(tests, NULL, NULL);
}
