// What a scrape costs the collector's loop: a page read piece by piece as libmicrohttpd does, in each format, plain and
// gzipped. Prints bytes, processor time in all, the longest that one piece held the loop up, and memory taken for it;
// before that what the series themselves take. Usage: bench-scrape [series], by default 10,000 histograms: 2,500 series
// of a server's four metrics.
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <time.h>
#include "collector/core/clock.h"
#include "collector/export/prometheus_page.h"
#include "tests/unit/export/spans.h"

#define PID        5000000u // above what a kernel gives
#define REPEATS    5        // the best one is shown
#define INSTRUMENT RED_INSTRUMENT_MAX

struct cost {
    uint64_t bytes, total_ns, longest_ns;
    size_t memory;
};

// Of this process: what others on the machine take does not count.
static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

static struct red *red_filled(const struct process_table *processes, unsigned series, unsigned extras)
{
    struct red *red;
    if (red_new(&red, series, 0) < 0)
        return NULL;
    red_keep(red, extras);
    for (unsigned i = 0; i < 20 * series; i++) {
        struct span span = spans_server();
        span.process = process_table_find(processes, PID);
        span.status = (uint16_t)(200 + i % series % 300);
        span.server.port = (uint16_t)(8000 + i % series / 300);
        span.duration_ns = (uint64_t)1000000 + i * 7919 % 400000000;
        span.response_body = i * 31 % 100000;
        span.sampled = true;
        red_record(red, &span);
    }
    return red;
}

static struct cost page_cost(const struct exposition *exposition, enum prometheus_format format, bool gzip)
{
    static char room[PROMETHEUS_PIECE_BYTES];
    struct cost cost = {0};
    struct prometheus_page *page;
    size_t before = mallinfo2().uordblks;
    ssize_t n = prometheus_page_new(&page, exposition, format, gzip);
    while (n >= 0) {
        uint64_t start = cpu_ns();
        n = prometheus_page_read(page, room, sizeof(room));
        uint64_t took = cpu_ns() - start; // without mallinfo2, which walks all of the heap
        size_t memory = mallinfo2().uordblks - before;
        cost.total_ns += took;
        cost.longest_ns = took > cost.longest_ns ? took : cost.longest_ns;
        cost.memory = memory > cost.memory ? memory : cost.memory;
        if (n <= 0)
            break;
        cost.bytes += (uint64_t)n;
    }
    prometheus_page_free(page);
    return cost;
}

static void format_show(const struct exposition *exposition, const char *name, enum prometheus_format format, bool gzip)
{
    struct cost best = page_cost(exposition, format, gzip);
    for (unsigned i = 1; i < REPEATS; i++) {
        struct cost cost = page_cost(exposition, format, gzip);
        best = cost.total_ns < best.total_ns ? cost : best;
    }
    printf("%-12s%-6s%9.2f MB %8.2f ms, longest piece %6.3f ms, %4zu KiB\n", name, gzip ? "gzip" : "",
           (double)best.bytes / 1e6, (double)best.total_ns / 1e6, (double)best.longest_ns / 1e6, best.memory >> 10);
}

// What a series takes, with nothing beside the explicit histograms and with all that readers can ask for.
static void memory_show(const struct process_table *processes, unsigned series)
{
    static const struct {
        const char *name;
        unsigned extras;
    } kinds[] = {{"explicit", 0},
                 {"and exemplars", RED_EXTRA_EXEMPLARS},
                 {"and native", RED_EXTRA_EXEMPLARS | RED_EXTRA_EXPONENTIAL}};
    for (unsigned i = 0; i < array_size(kinds); i++) {
        size_t before = mallinfo2().uordblks;
        struct red *red = red_filled(processes, series, kinds[i].extras);
        printf("memory of a series, %-14s%6zu bytes\n", kinds[i].name,
               red ? (mallinfo2().uordblks - before) / series : 0);
        red_free(red);
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"text", "openmetrics", "protobuf"};
    static struct self self;
    unsigned histograms = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
    struct process_facts facts = {.pid = PID, .start_ns = 1, .exe = STR("/usr/bin/shop"), .comm = STR("shop")};
    struct process_table *processes;
    if (histograms < INSTRUMENT || process_table_new(&processes, NULL, "bench", 16) < 0 ||
        process_table_update(processes, &facts) < 0) {
        fprintf(stderr, "usage: bench-scrape [series]\n");
        return 2;
    }
    memory_show(processes, histograms / INSTRUMENT);
    struct red *red = red_filled(processes, histograms / INSTRUMENT, RED_EXTRA_EXEMPLARS | RED_EXTRA_EXPONENTIAL);
    if (!red)
        return 1;
    struct exposition exposition = {.red = red, .self = &self, .processes = processes, .host_name = "bench"};
    printf("%u histograms\n", histograms);
    for (unsigned gzip = 0; gzip < 2; gzip++)
        for (enum prometheus_format format = 0; format < PROMETHEUS_FORMAT_MAX; format++)
            format_show(&exposition, names[format], format, gzip);
    red_free(red);
    process_table_free(processes);
    return 0;
}
