// Fuzz target: the router. Lines of the input: those that begin with '+' are patterns ('-' ignored ones), the rest are
// paths, a '!' before one says that it was cut off, a '?' that the server did not know it. The same router gives the
// same route when a path comes twice in a row, and every learned route is bounded.
#include <stdint.h>
#include <stdlib.h>
#include "collector/conf/route_options.h"
#include "collector/span/route.h"
#include "collector/span/route_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PATTERNS_MAX 32

static struct route_config config;
static char patterns[PATTERNS_MAX][256];

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool line_next(struct str *rest, struct str *ret_line)
{
    if (rest->n == 0)
        return false;
    const char *end = memchr(rest->p, '\n', rest->n);
    *ret_line = (struct str){rest->p, end ? (size_t)(end - rest->p) : rest->n};
    size_t taken = ret_line->n + (end != NULL);
    *rest = (struct str){rest->p + taken, rest->n - taken};
    return true;
}

static void pattern_take(struct str line)
{
    static struct complaint complaint;
    char *text = patterns[config.count];
    struct route_pattern pattern = {.pattern = text, .incoming = true, .outgoing = true};
    if (line.n > sizeof patterns[0] || config.count == PATTERNS_MAX)
        return;
    memcpy(text, line.p + 1, line.n - 1);
    text[line.n - 1] = 0;
    pattern.ignore = line.p[0] == '-' ? ROUTE_SIGNAL_METRICS : 0;
    if (route_options_add(&config, &pattern, "fuzz", &complaint) < 0)
        complaint.error[0] = 0;
}

static void path_take(struct router *router, struct str line)
{
    static struct service service = {.name = "fuzz"};
    static const struct process process = {.pid = 1, .service = &service};
    char first[2048];
    struct span span = {.process = &process, .status = 200, .route = STR("")};
    if (line.n && line.p[0] == '?')
        span.status = 404;
    span.truncated = line.n && line.p[0] == '!';
    if (line.n && (line.p[0] == '?' || line.p[0] == '!'))
        line = (struct str){line.p + 1, line.n - 1};
    span.path = line;
    router_span(router, &span);
    size_t n = span.route.n < sizeof first ? span.route.n : sizeof first;
    if (n)
        memcpy(first, span.route.p, n);
    require(span.route.n == 0 || span.route.p[0] == '/');
    require(config.unmatched != ROUTE_UNMATCHED_HEURISTIC || span.route.n <= ROUTE_TREE_TEXT);
    span.route = STR("");
    router_span(router, &span);
    require(n == sizeof first || str_equal(span.route, (struct str){first, n}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data + 1, size ? size - 1 : 0}, line;
    struct router *router;
    config = (struct route_config){.values_per_segment = 50};
    config.unmatched = size ? data[0] % ROUTE_UNMATCHED_MAX : 0;
    config.values_per_segment = 3;
    for (struct str all = rest; line_next(&all, &line);)
        if (line.n && (line.p[0] == '+' || line.p[0] == '-'))
            pattern_take(line);
    if (router_new(&router, &config) < 0)
        return 0;
    while (line_next(&rest, &line))
        if (line.n == 0 || (line.p[0] != '+' && line.p[0] != '-'))
            path_take(router, line);
    router_free(router);
    return 0;
}
