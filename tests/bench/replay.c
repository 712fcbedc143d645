// How many transactions a second one core takes through conn > l7 > span > red: made-up records of keep-alive GETs, as
// nginx and Go answer them, fed again and again; then with a path in each that no other has. Prints the rate, and
// instructions per transaction if the machine counts them; as metrics alone, and as spans that somebody reads.
// Usage: bench-replay [transactions], by default 3,000,000.
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include "collector/conn/conn.h"
#include "collector/core/clock.h"
#include "collector/red/red.h"
#include "tests/unit/records.h"
#include "tests/bench/instructions.h"

#define DISTINCT    1024 // records in memory: as many connections, about as many bytes as a ring
#define WORKERS     4
#define NS_A_SECOND 1e9

static const char *const requests[] = {
    "GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: wrk/4.1.0\r\n\r\n",
    "GET /api/v1/users/12345?expand=profile HTTP/1.1\r\nHost: shop.example:8080\r\nUser-Agent: Mozilla/5.0 (X11; Linux "
    "x86_64)\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n",
    "GET /hello/world HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: Go-http-client/1.1\r\nTraceparent: "
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nAccept-Encoding: gzip\r\n\r\n",
};
static const char *const responses[] = {
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 21 Nov 2026 14:02:11 GMT\r\nContent-Type: text/html\r\n"
    "Content-Length: 615\r\nLast-Modified: Wed, 19 Oct 2022 07:56:21 GMT\r\nConnection: keep-alive\r\nETag: "
    "\"634fada5-267\"\r\nAccept-Ranges: bytes\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sat, 21 Nov 2026 14:02:11 GMT\r\nContent-Length: "
    "615\r\n"
    "\r\n",
    "HTTP/1.1 404 Not Found\r\nDate: Sat, 21 Nov 2026 14:02:11 GMT\r\nContent-Length: 615\r\n\r\n",
};

static union record_room rooms[DISTINCT];

static void rooms_fill(void)
{
    for (unsigned i = 0; i < DISTINCT; i++) {
        struct http1_record *record = record_make(&rooms[i], str_from(requests[i % array_size(requests)]),
                                                  str_from(responses[i / 2 % array_size(responses)]));
        record->response_bytes += 615;
        record->connection = i;
        record->pid = RECORD_PID + i % WORKERS;
        record->ended = record->arrived + 100000 + i * 1000;
    }
}

static void red_sink(void *context, const struct span *span)
{
    red_record(context, span);
}

// 8 digits at the start of the path.
static void path_change(struct http1_record *record, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++, number >>= 4)
        record->data[sizeof "GET /" - 1 + i] = (uint8_t)('a' + (number & 15));
}

static void run(const char *what, struct conn_table *table, uint64_t transactions, bool alike)
{
    cleanup_fd int counter = instructions_open();
    uint64_t instructions = 0, before = clock_monotonic_ns();
    if (counter >= 0)
        ioctl(counter, PERF_EVENT_IOC_RESET, 0);
    for (uint64_t i = 0; i < transactions; i++) {
        struct http1_record *record = &rooms[i % DISTINCT].record;
        record->sequence++;
        if (!alike)
            path_change(record, i);
        conn_table_record(table, record, before + i);
    }
    if (counter >= 0 && read(counter, &instructions, sizeof instructions) != sizeof instructions)
        instructions = 0;
    double seconds = (double)(clock_monotonic_ns() - before) / NS_A_SECOND;
    printf("%s: transactions=%" PRIu64 " seconds=%.3f per_second=%.0f ns_each=%.1f", what, transactions, seconds,
           (double)transactions / seconds, seconds * NS_A_SECOND / (double)transactions);
    if (instructions)
        printf(" instructions_each=%.0f", (double)instructions / (double)transactions);
    printf("\n");
}

int main(int argc, char **argv)
{
    uint64_t transactions = argc > 1 ? strtoull(argv[1], NULL, 10) : 3000000;
    static struct self self;
    struct process_table *processes;
    struct conn_table *table;
    struct red *red;
    if (transactions == 0 || process_table_new(&processes, NULL, "bench", 64) < 0 || red_new(&red, 1000, 0) < 0 ||
        conn_table_new(&table, 1024, processes, &self, red_sink, red) < 0) {
        fprintf(stderr, "bench-replay: bad count, or no memory\n");
        return 2;
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        struct process_facts facts = {
            .pid = RECORD_PID + i, .listen_port = 8080, .exe = STR("/usr/sbin/nginx"), .comm = STR("nginx")};
        if (process_table_update(processes, &facts) < 0)
            return 1;
    }
    rooms_fill();
    clock_offset_refresh();
    conn_table_propagators(table, NULL);
    run("metrics", table, transactions, true);
    conn_table_propagators(table, &propagators_default);
    run("spans", table, transactions, true);
    conn_table_propagators(table, NULL);
    run("metrics, no two alike", table, transactions, false);
    conn_table_propagators(table, &propagators_default);
    run("spans, no two alike", table, transactions, false);
    int status = 0;
    if (self.spans[SPAN_KIND_SERVER] != 4 * transactions) {
        fprintf(stderr, "bench-replay: spans=%" PRIu64 ", expected four each\n", self.spans[SPAN_KIND_SERVER]);
        status = 1;
    }
    conn_table_free(table);
    red_free(red);
    process_table_free(processes);
    return status;
}
