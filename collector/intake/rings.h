// All rings of one loader: their records in the order in which they were emitted. Called by intake.c; what lies in the
// rings is untrusted, the order is only as good as what records say of it.
#pragma once

#include "collector/intake/ring.h"
#include "collector/red/self.h"

#define RINGS_MAX 16

struct rings {
    struct ring ring[RINGS_MAX];
    struct ring reserve; // of all: what found its ring full, because we did not get to run; closed if there is none
    unsigned count;      // of rings in use
    struct self *self;
    uint64_t looked_ns;
    uint64_t before_ns; // younger records wait for the next look
    struct ring *reading[RINGS_MAX + 1];
    unsigned readings;
    struct ring *oldest; // whose record rings_peek returned
};

void rings_init(struct rings *rings, struct self *self);
void rings_close(struct rings *rings);
// Did the pages of one go away (ring.h)?
bool rings_lost(const struct rings *rings);
// What is in them now is what rings_peek gives until the next look. all: the youngest ones, too, though an older one
// may still be on its way in another ring.
void rings_look(struct rings *rings, bool all);
// The oldest record, as ring_peek. NULL: look again later.
const void *rings_peek(struct rings *rings, uint32_t *ret_size);
static inline void rings_next(struct rings *rings, uint32_t size)
{
    ring_next(rings->oldest, size);
}
// Call after a batch, as ring_publish.
void rings_publish(struct rings *rings);
