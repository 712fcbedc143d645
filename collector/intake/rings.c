// See rings.h.
#include "collector/intake/rings.h"

#include <string.h>
#include "collector/core/clock.h"
#include "collector/intake/check.h"
#include "common/lib/log.h"

// From the clock's reading that is a record's time to its place in a ring: with several of them, younger records wait.
#define MERGE_SLACK_NS   (NS_PER_MS / 5)
#define EMITTED_AHEAD_NS NS_PER_SEC // later than this after now, no record was emitted

void rings_init(struct rings *rings, struct self *self)
{
    *rings = (struct rings){.reserve = RING_CLOSED, .self = self};
    for (unsigned i = 0; i < RINGS_MAX; i++)
        rings->ring[i].fd = -1;
}

void rings_close(struct rings *rings)
{
    for (unsigned i = 0; i < RINGS_MAX; i++)
        ring_close(&rings->ring[i]);
    ring_close(&rings->reserve);
    rings->count = rings->readings = 0;
}

bool rings_lost(const struct rings *rings)
{
    bool lost = rings->reserve.fd >= 0 && ring_lost(&rings->reserve);
    for (unsigned i = 0; i < RINGS_MAX; i++)
        lost = lost || (rings->ring[i].fd >= 0 && ring_lost(&rings->ring[i]));
    return lost;
}

// Bytes in the reserve, which is mapped from its first record to the look that finds nothing in it any more.
static uint64_t reserve_look(struct rings *rings)
{
    struct ring *reserve = &rings->reserve;
    uint64_t filled = reserve->fd >= 0 ? ring_look(reserve) : 0;
    if (!filled) {
        ring_data_unmap(reserve);
        return 0;
    }
    int r = ring_data_map(reserve);
    if (r < 0) {
        log_limited(LOG_LEVEL_WARN, "cannot map the reserve of the rings: %s; trying again", strerror(-r));
        return 0;
    }
    rings->reading[rings->readings++] = reserve;
    return filled;
}

// The reserve comes last: a record that was written before one in `reading` is then found wherever it is. What was
// written since is younger than before_ns.
void rings_look(struct rings *rings, bool all)
{
    uint64_t most = 0;

    rings->looked_ns = clock_monotonic_ns();
    for (rings->readings = 0; rings->readings < rings->count; rings->readings++) {
        struct ring *ring = &rings->ring[rings->readings];
        uint64_t filled = ring_look(ring);
        if (filled > most && filled <= ring->size)
            most = filled;
        rings->reading[rings->readings] = ring;
    }
    most += reserve_look(rings);
    rings->before_ns = all || rings->readings == 1 ? UINT64_MAX : rings->looked_ns - MERGE_SLACK_NS;
    if (most > rings->self->ring_high_water_bytes && most <= rings->self->ring_bytes)
        rings->self->ring_high_water_bytes = most;
}

static const void *peek(const struct rings *rings, struct ring *ring, uint32_t *ret_size)
{
    return ring_peek(ring, ret_size, &rings->self->unparsed[SELF_UNPARSED_BAD_RECORD]);
}

const void *rings_peek(struct rings *rings, uint32_t *ret_size)
{
    const void *found = NULL;
    uint64_t first = rings->before_ns;

    if (rings->readings == 1) {
        rings->oldest = rings->reading[0];
        return peek(rings, rings->oldest, ret_size);
    }
    for (unsigned i = 0; i < rings->readings; i++) {
        uint32_t size;
        const void *record = peek(rings, rings->reading[i], &size);
        if (!record)
            continue;
        uint64_t emitted = record_emitted(record, size); // a bad one is passed on to be counted
        if (emitted > rings->looked_ns + EMITTED_AHEAD_NS)
            emitted = 0; // nonsense, which must not hold up what is behind it
        if (emitted >= first)
            continue;
        first = emitted;
        found = record;
        rings->oldest = rings->reading[i];
        *ret_size = size;
    }
    return found;
}

void rings_publish(struct rings *rings)
{
    for (unsigned i = 0; i < rings->readings; i++)
        ring_publish(rings->reading[i]);
}
