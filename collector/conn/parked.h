// Records of processes that the loader has not named yet: kept in order for a second. Called by conn.c.
#pragma once

#include "collector/conn/record.h"

#define PARKED_MAX 1024

struct parked_record {
    uint64_t since_ns;
    union record_room room;
};

struct parked {
    struct parked_record *records; // oldest first; NULL while there is none
    unsigned count;
};

void parked_release(struct parked *parked);
// Only the first `count` are left.
void parked_keep(struct parked *parked, unsigned count);
// Does the first `among` of them hold one of this connection or process? Then a later one must wait behind it.
bool parked_holds(const struct parked *parked, unsigned among, const struct http1_record *record);
// False when full, or without memory.
bool parked_add(struct parked *parked, const struct http1_record *record, uint64_t now_ns);
