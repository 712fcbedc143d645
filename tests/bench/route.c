// What routing takes: made-up paths of a shop and an API, again and again (the steady state, in which the cache knows
// them), then paths with an identifier of which no two are the same. Prints nanoseconds, and instructions per path if
// the machine counts them. Usage: bench-route [paths], by default 10,000,000.
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include "collector/conf/route_options.h"
#include "collector/core/clock.h"
#include "collector/span/route.h"
#include "tests/bench/instructions.h"

#define DISTINCT  1000
#define PATH_SIZE 96
#define FRESH     64 // the second round has so many times fewer paths

static const char *const forms[] = {
    "/api/v1/users/%u/orders",       "/products/%u/reviews",          "/api/carts/6ba7b810-9dad-11d1-80b4-%012x/items",
    "/static/js/main.%08x.chunk.js", "/checkout/shipping-address?%u",
};

struct meter {
    int counter;
    uint64_t begin_ns;
};

static void meter_start(struct meter *meter)
{
    if (meter->counter >= 0)
        ioctl(meter->counter, PERF_EVENT_IOC_RESET, 0);
    meter->begin_ns = clock_monotonic_ns();
}

static void meter_show(const struct meter *meter, const char *what, uint64_t paths)
{
    uint64_t instructions = 0, ns = clock_monotonic_ns() - meter->begin_ns;
    if (meter->counter >= 0 && read(meter->counter, &instructions, sizeof instructions) != sizeof instructions)
        instructions = 0;
    printf("%s paths=%" PRIu64 " ns_each=%.1f", what, paths, (double)ns / (double)paths);
    if (instructions)
        printf(" instructions_each=%.0f", (double)instructions / (double)paths);
    printf("\n");
}

int main(int argc, char **argv)
{
    static struct service service = {.name = "bench"};
    static struct process process = {.pid = 1, .service = &service};
    static struct route_config config;
    static char paths[DISTINCT][PATH_SIZE];
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000, size = 0;
    struct router *router;
    config = (struct route_config){.values_per_segment = 50};
    config.unmatched = ROUTE_UNMATCHED_HEURISTIC;
    config.patterns[config.count++] = (struct route_pattern){.pattern = "/products/{id}/reviews", .incoming = true};
    if (count < FRESH || router_new(&router, &config) < 0) {
        fprintf(stderr, "bench-route: bad count, or no memory\n");
        return 2;
    }
    for (unsigned i = 0; i < DISTINCT; i++)
        snprintf(paths[i], PATH_SIZE, forms[i % array_size(forms)], i * 7919);
    struct span span = {.process = &process, .status = 200};
    struct meter meter = {.counter = instructions_open()};
    struct str known[DISTINCT];
    for (unsigned i = 0; i < DISTINCT; i++)
        known[i] = str_from(paths[i]);
    meter_start(&meter);
    for (uint64_t i = 0; i < count; i++) {
        span.path = known[i % DISTINCT];
        router_span(router, &span);
        size += span.route.n;
    }
    meter_show(&meter, "known", count);
    meter_start(&meter);
    for (uint64_t i = 0; i < count / FRESH; i++) {
        char path[PATH_SIZE];
        int n = snprintf(path, sizeof path, forms[i % array_size(forms)], (unsigned)(i * 2654435761u));
        span.path = (struct str){path, (size_t)n};
        router_span(router, &span);
        size += span.route.n;
    }
    meter_show(&meter, "fresh (with making it up)", count / FRESH);
    router_free(router);
    return size == 0;
}
