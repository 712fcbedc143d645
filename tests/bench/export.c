// What pushing costs: 10,000 series and 10,000 server spans (30,000 with their children) packed into OTLP requests, as
// often as given. Prints points and spans per second of processor time, bytes and allocations each; beside it what
// protobuf-c takes to pack the same messages from trees that are built already. Usage: bench-export [rounds], by
// default 20; beside another encoder: tests/bench/export-compare.
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include "collector/core/clock.h"
#include "collector/export/otlp_metrics.h"
#include "collector/export/otlp_traces.h"
#include "opentelemetry/proto/collector/metrics/v1/metrics_service.pb-c.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "tests/unit/export/otlp_sample.h"

#define SERIES 10000
#define SPANS  10000
#define BATCH  512

struct sum {
    uint64_t items, bytes, ns, allocations, requests;
    uint64_t tree_ns; // of protobuf-c
};

// The linker sends every allocation of ours here (-Wl,--wrap).
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
static uint64_t allocations;

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    allocations++;
    return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    allocations++;
    return __real_realloc(p, size);
}

static const struct otlp_settings settings = {.exemplars = true};
static const struct otlp_origin origin = {.settings = &settings, .host_name = "bench"};
static struct arena arena;
static struct buffer body;

// Of this process: what others on the machine take does not count.
static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * NS_PER_SEC + (uint64_t)now.tv_nsec;
}

// Packs the message of the last request again, from a tree.
static uint64_t tree_pack(const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, body.n, (const uint8_t *)body.p);
    uint8_t *packed = malloc(body.n);
    uint64_t before = cpu_ns();
    size_t n = protobuf_c_message_pack(message, packed);
    uint64_t took = cpu_ns() - before;
    if (n == 0)
        took = 0;
    free(packed);
    protobuf_c_message_free_unpacked(message, NULL);
    return took;
}

static void request_count(struct sum *sum, unsigned items, uint64_t before_ns, uint64_t before_allocations)
{
    sum->ns += cpu_ns() - before_ns;
    sum->allocations += allocations - before_allocations;
    sum->items += items;
    sum->bytes += body.n;
    sum->requests += items > 0;
}

static void metrics_round(const struct otlp_metrics_source *source, struct sum *sum)
{
    struct otlp_metrics_cursor cursor = {.begun = false};
    for (unsigned points = 1; points;) {
        uint64_t before = cpu_ns(), taken = allocations;
        points = otlp_metrics_pack(source, &cursor, clock_unix_ns(), &arena, &body);
        request_count(sum, points, before, taken);
        if (points)
            sum->tree_ns +=
                tree_pack(&opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__descriptor);
    }
}

static void traces_round(struct otlp_queue *queue, uint64_t likeness, struct sum *sum)
{
    struct span span = sample_server_span();
    span.likeness = likeness;
    for (unsigned pushed = 0; pushed < SPANS;) {
        uint64_t before = cpu_ns(), taken = allocations;
        unsigned n = SPANS - pushed < BATCH ? SPANS - pushed : BATCH;
        for (unsigned i = 0; i < n; i++)
            if (!otlp_queue_push(queue, &span, &arena))
                abort();
        struct otlp_batch batch = otlp_traces_pack(queue, BATCH, &origin, &arena, &body);
        request_count(sum, batch.spans, before, taken);
        pushed += n;
        sum->tree_ns +=
            tree_pack(&opentelemetry__proto__collector__trace__v1__export_trace_service_request__descriptor);
    }
}

static void sum_print(const char *what, const struct sum *sum)
{
    double items = (double)sum->items;
    printf("%s=%" PRIu64 " per_second=%.0f ns_each=%.1f bytes_each=%.1f allocations_each=%.4f requests=%" PRIu64
           " protobuf_c_pack_ns_each=%.1f\n",
           what, sum->items, items * 1e9 / (double)sum->ns, (double)sum->ns / items, (double)sum->bytes / items,
           (double)sum->allocations / items, sum->requests, (double)sum->tree_ns / items);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20;
    const struct process_facts facts = {.pid = 10, .listen_port = 8080, .exe = STR("/usr/bin/shopd"), .comm = STR("s")};
    struct process_table *processes;
    struct otlp_queue *queue;
    struct red *red;
    struct sum metrics = {.items = 0}, traces = {.items = 0}, alike = {.items = 0};
    buffer_init(&body, OTLP_REQUEST_MAX);
    if (rounds == 0 || arena_init(&arena, OTLP_ARENA_SIZE) || red_new(&red, SERIES, 0) ||
        otlp_queue_new(&queue, 2048, OTLP_REQUEST_MAX) || process_table_new(&processes, NULL, "bench", 64) ||
        process_table_update(processes, &facts)) {
        fprintf(stderr, "bench-export: bad count, or no memory\n");
        return 2;
    }
    red_keep(red, otlp_metrics_extras(&settings));
    for (unsigned i = 0; i < SERIES; i++) {
        struct span span = sample_server_span();
        char route[32];
        snprintf(route, sizeof(route), "/items/%u", i);
        span.process = process_table_find(processes, facts.pid);
        span.route = str_from(route);
        red_record(red, &span);
    }
    const struct otlp_metrics_source source = {red, processes, &origin, clock_unix_ns()};
    for (unsigned i = 0; i < rounds; i++) {
        metrics_round(&source, &metrics);
        traces_round(queue, 0, &traces);
        traces_round(queue, 1, &alike);
    }
    sum_print("points", &metrics);
    sum_print("spans", &traces);
    sum_print("spans_alike", &alike);
    otlp_queue_free(queue);
    red_free(red);
    process_table_free(processes);
    arena_release(&arena);
    buffer_release(&body);
    return 0;
}
