// See parked.h. A plain array: it is empty but for the first moments of a process, and bounded.
#include "collector/conn/parked.h"

#include <stdlib.h>

void parked_release(struct parked *parked)
{
    free(parked->records);
    *parked = (struct parked){0};
}

// The array is large enough to be pages of its own, which go back to the system.
void parked_keep(struct parked *parked, unsigned count)
{
    parked->count = count;
    if (!count)
        parked_release(parked);
}

bool parked_holds(const struct parked *parked, unsigned among, const struct http1_record *record)
{
    for (unsigned i = 0; i < among; i++) {
        const struct http1_record *held = &parked->records[i].room.record;
        if (held->connection == record->connection || held->pid == record->pid)
            return true;
    }
    return false;
}

bool parked_add(struct parked *parked, const struct http1_record *record, uint64_t now_ns)
{
    if (!parked->records)
        parked->records = calloc(PARKED_MAX, sizeof *parked->records);
    if (!parked->records || parked->count == PARKED_MAX)
        return false;
    struct parked_record *slot = &parked->records[parked->count++];
    slot->since_ns = now_ns;
    record_compose(&slot->room.record, record, exchange_request_capture(record), exchange_response_capture(record),
                   record_path(record));
    return true;
}
