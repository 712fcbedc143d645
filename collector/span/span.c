// A span's name and its random ids; see span.h. Called by span/exchange.c and the exporters, on one thread.
#include "collector/span/span.h"

#include <stdio.h>
#include <sys/random.h>

#define ID_POOL_BYTES 4096

struct str span_name(const struct span *span, char *scratch, size_t scratch_size)
{
    const char *method = span->method == HTTP_METHOD_OTHER ? "HTTP" : http_method_name(span->method);
    if (span->route.n == 0)
        return str_from(method);
    int n = snprintf(scratch, scratch_size, "%s " STR_FMT, method, STR_ARG(span->route));
    if (n < 0 || (size_t)n >= scratch_size)
        return str_from(method); // a route cut in two would be another route
    return (struct str){scratch, (size_t)n};
}

static void pool_fill(uint8_t *pool, size_t size)
{
    size_t filled = 0;
    while (filled < size) {
        ssize_t n = getrandom(pool + filled, size - filled, 0);
        if (n > 0)
            filled += (size_t)n; // EINTR: again; nothing else can fail with flags 0 and a valid buffer
    }
}

void span_id_random(uint8_t *id, size_t size)
{
    static uint8_t pool[ID_POOL_BYTES];
    static size_t used = ID_POOL_BYTES;
    uint8_t any = 0;
    while (!any) {
        if (size > ID_POOL_BYTES - used) {
            pool_fill(pool, sizeof pool);
            used = 0;
        }
        memcpy(id, pool + used, size);
        used += size;
        for (size_t i = 0; i < size; i++)
            any |= id[i];
    }
}
