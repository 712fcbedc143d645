// A page of metrics for tests: what it is made of, and whether lines stand on it.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include "collector/export/prometheus_format.h"

#define NO_SUCH_PID 5000000 // above what a kernel gives

struct bench {
    struct red *red;
    struct process_table *processes;
    struct self self;
    struct exposition exposition;
    struct buffer page;
};

static inline struct process *process_made(struct bench *bench, uint32_t pid, const char *exe)
{
    struct process_facts facts = {.pid = pid, .start_ns = 1, .exe = str_from(exe), .comm = STR("comm")};
    assert_int_equal(process_table_update(bench->processes, &facts), 0);
    const struct process *process = process_table_find(bench->processes, pid);
    assert_non_null(process);
    return (struct process *)process;
}

static inline void bench_open(struct bench *bench)
{
    *bench = (struct bench){0};
    assert_int_equal(red_new(&bench->red, 100, 0), 0);
    assert_int_equal(process_table_new(&bench->processes, NULL, "host-id", 16), 0);
    bench->exposition = (struct exposition){
        .red = bench->red, .self = &bench->self, .processes = bench->processes, .host_name = "myhost"};
    buffer_init(&bench->page, 1 << 20);
}

static inline void bench_close(struct bench *bench)
{
    buffer_release(&bench->page);
    process_table_free(bench->processes);
    red_free(bench->red);
}

static inline void bench_format(struct bench *bench)
{
    buffer_reset(&bench->page);
    prometheus_format(&bench->page, &bench->exposition, PROMETHEUS_TEXT);
    assert_false(bench->page.failed);
    assert_int_equal(bench->page.p[bench->page.n - 1], '\n');
    buffer_add_char(&bench->page, 0);
}

// Is this a whole line (or several) of the page?
static inline bool page_has(const struct bench *bench, const char *lines)
{
    const char *found = strstr(bench->page.p, lines);
    return found && (found == bench->page.p || found[-1] == '\n');
}

static inline void assert_lines(const struct bench *bench, const char *format, const char *a, const char *b)
{
    char lines[8192];
    snprintf(lines, sizeof(lines), format, a, b);
    if (!page_has(bench, lines))
        fail_msg("not on the page:\n%s\nthe page:\n%s", lines, bench->page.p);
}
