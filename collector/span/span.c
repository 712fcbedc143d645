// A span's name and its random ids; see span.h. Called by span/exchange.c and the exporters, on one thread.
#include "collector/span/span.h"

#include <sys/random.h>

struct str span_name(const struct span *span, char *scratch, size_t scratch_size)
{
    struct str method = str_from(span->method == HTTP_METHOD_OTHER ? "HTTP" : http_method_name(span->method));
    size_t size = method.n + 1 + span->route.n;
    if (span->route.n == 0 || size >= scratch_size)
        return method; // a route cut in two would be another route
    memcpy(scratch, method.p, method.n);
    scratch[method.n] = ' ';
    memcpy(scratch + method.n + 1, span->route.p, span->route.n);
    return (struct str){scratch, size};
}

// xoshiro256++ (Blackman, Vigna 2019). Ids have to differ from all others, not to be secret: a kernel's random number
// for each costs as much as all the rest of a span.
struct generator {
    bool seeded;
    uint64_t state[4];
};

static __attribute__((cold, noinline)) void generator_seed(struct generator *generator)
{
    uint8_t *state = (uint8_t *)generator->state;
    size_t filled = 0;
    while (filled < sizeof generator->state) {
        ssize_t n = getrandom(state + filled, sizeof generator->state - filled, 0);
        if (n > 0)
            filled += (size_t)n; // EINTR: again; nothing else can fail with flags 0 and a valid buffer
    }
    generator->state[0] |= 1; // all zeros would stay so
    generator->seeded = true;
}

static uint64_t rotate(uint64_t value, unsigned by)
{
    return value << by | value >> (64 - by);
}

static uint64_t generator_next(struct generator *generator)
{
    uint64_t *state = generator->state, next = rotate(state[0] + state[3], 23) + state[0], shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return next;
}

void span_id_random(uint8_t *id, size_t size)
{
    static struct generator generator;
    if (!generator.seeded)
        generator_seed(&generator);
    struct generator now = generator; // in registers
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t number;
        do
            number = generator_next(&now);
        while (!number);
        memcpy(id + at, &number, sizeof number);
    }
    generator = now;
}
