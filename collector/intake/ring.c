// Reading a BPF ring buffer; see ring.h.
#include "collector/intake/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "collector/intake/mapping.h"

#define RECORD_HEADER 8u // BPF_RINGBUF_HDR_SZ
#define PUBLISH_EVERY_RECORDS                                                                                          \
    64u // the kernel reads our position with each reservation: do not bounce its cache line more

static uint64_t record_span(uint32_t size)
{
    return ((uint64_t)size + RECORD_HEADER + 7) / 8 * 8;
}

int ring_open_bare(struct ring *ring, int fd, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    *ring = (struct ring){.fd = fd, .size = size};
    if (size < page || size > (64u << 20) || (size & (size - 1))) {
        ring_close(ring);
        return -EINVAL;
    }
    ring->consumer = mapping_new(fd, page, PROT_READ | PROT_WRITE, 0);
    if (ring->consumer)
        ring->producer = mapping_new(fd, page, PROT_READ, (off_t)page);
    if (!ring->producer) {
        int r = -errno;
        ring_close(ring);
        return r;
    }
    ring->position = ring->end = *ring->consumer;
    return 0;
}

int ring_data_map(struct ring *ring)
{
    if (!ring->data)
        ring->data = mapping_new(ring->fd, ring->size, PROT_READ, 2 * (off_t)sysconf(_SC_PAGESIZE));
    return ring->data ? 0 : -errno;
}

void ring_data_unmap(struct ring *ring)
{
    mapping_free(ring->data);
    ring->data = NULL;
}

int ring_open(struct ring *ring, int fd, size_t size)
{
    int r = ring_open_bare(ring, fd, size);
    if (r < 0)
        return r;
    r = ring_data_map(ring);
    if (r < 0)
        ring_close(ring);
    return r;
}

void ring_close(struct ring *ring)
{
    ring_data_unmap(ring);
    mapping_free(ring->consumer);
    mapping_free(ring->producer);
    cleanup_fd_close(&ring->fd);
    *ring = (struct ring)RING_CLOSED;
}

bool ring_lost(const struct ring *ring)
{
    return mapping_lost(ring->consumer) || mapping_lost(ring->producer) || mapping_lost(ring->data);
}

uint64_t ring_look(struct ring *ring)
{
    ring->end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
    return ring->end - ring->position;
}

// The bytes of a record at this place, in one piece. size: at most RECORD_SIZE_MAX.
static const void *record_whole(struct ring *ring, size_t place, uint32_t size)
{
    size_t before_end = ring->size - place;

    if (size <= before_end)
        return ring->data + place;
    memcpy(ring->wrapped, ring->data + place, before_end);
    memcpy((uint8_t *)ring->wrapped + before_end, ring->data, size - before_end);
    return ring->wrapped;
}

const void *ring_peek(struct ring *ring, uint32_t *ret_size, uint64_t *ret_corrupt)
{
    while (ring->position != ring->end) {
        uint64_t filled = ring->end - ring->position;
        const uint8_t *at = ring->data + (ring->position & (ring->size - 1));
        bool nonsense =
            filled > ring->size || filled < RECORD_HEADER || ring->position % 8; // they move in whole records
        uint32_t header = nonsense ? 0 : __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE);
        if (header & BPF_RINGBUF_BUSY_BIT)
            return NULL;
        uint32_t size = header & ~BPF_RINGBUF_DISCARD_BIT;
        bool wanted = !(header & BPF_RINGBUF_DISCARD_BIT);
        if (nonsense || record_span(size) > filled || (wanted && size > RECORD_SIZE_MAX)) {
            (*ret_corrupt)++;
            ring->position = ring->end;
            ring_publish(ring);
            return NULL;
        }
        if (wanted) {
            *ret_size = size;
            return record_whole(ring, (ring->position + RECORD_HEADER) & (ring->size - 1), size);
        }
        ring_next(ring, size);
    }
    return NULL;
}

void ring_next(struct ring *ring, uint32_t size)
{
    ring->position += record_span(size);
    if (++ring->unpublished >= PUBLISH_EVERY_RECORDS)
        ring_publish(ring);
}

void ring_publish(struct ring *ring)
{
    __atomic_store_n(ring->consumer, ring->position, __ATOMIC_RELEASE);
    ring->unpublished = 0;
}
