// The ring reader and the record check on a data area full of anything: nothing is read outside it, every step makes
// progress, and what passes the check has all its parts inside. Input: how far the producer is (2 bytes), then the data
// area.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "collector/intake/check.h"
#include "collector/intake/ring.h"

#define RING_BYTES 8192u

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void record_touch(const struct http1_record *record)
{
    volatile uint8_t sum = 0;
    for (unsigned i = 0; i < record->request_captured; i++)
        sum = (uint8_t)(sum + record->data[i]);
    for (unsigned i = 0; i < record->response_captured; i++)
        sum = (uint8_t)(sum + record->data[record->response_offset + i]);
    for (unsigned i = 0; i < record->path_captured; i++)
        sum = (uint8_t)(sum + record->data[record->path_offset + i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static _Alignas(8) uint8_t data[RING_BYTES];
    uint64_t consumer = 0, producer, corrupt = 0, steps = 0;
    uint32_t record_size;
    const void *record;

    if (size < 2)
        return 0;
    producer = input[0] | input[1] << 8;
    size_t n = size - 2 < RING_BYTES ? size - 2 : RING_BYTES;
    memset(data, 0, sizeof data);
    memcpy(data, input + 2, n);
    struct ring ring = {.fd = -1, .consumer = &consumer, .producer = &producer, .data = data, .size = RING_BYTES};
    ring_look(&ring);
    while ((record = ring_peek(&ring, &record_size, &corrupt))) {
        const uint8_t *at = record;
        bool inside = at >= data && at + record_size <= data + sizeof data;
        if (record_size > RECORD_SIZE_MAX || (!inside && record != ring.wrapped) || ++steps > RING_BYTES / 8)
            abort();
        if (record_check(record, record_size) + environment_record_check(record, record_size) +
                executed_record_check(record, record_size) >
            1)
            abort();
        (void)record_emitted(record, record_size);
        if (record_check(record, record_size))
            record_touch(record);
        ring_next(&ring, record_size);
    }
    return 0;
}
