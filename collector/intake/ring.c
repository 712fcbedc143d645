// Reading a BPF ring buffer; see ring.h.
#include "collector/intake/ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#define RECORD_HEADER 8u          // BPF_RINGBUF_HDR_SZ
#define PUBLISH_EVERY_RECORDS 64u // the kernel reads our position with each reservation: do not bounce its cache line more

static uint64_t record_span(uint32_t size)
{
    return ((uint64_t)size + RECORD_HEADER + 7) / 8 * 8;
}

int ring_open(struct ring *ring, int fd, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *map;

    *ring = (struct ring){.fd = fd, .size = size};
    if (size < page || size > (64u << 20) || (size & (size - 1))) {
        ring_close(ring);
        return -EINVAL;
    }
    map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        goto fail;
    ring->consumer = map;
    map = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, (off_t)page);
    if (map == MAP_FAILED)
        goto fail;
    ring->producer = map;
    ring->data = (const uint8_t *)map + page;
    ring->position = *ring->consumer;
    return 0;
fail:;
    int r = -errno;
    ring_close(ring);
    return r;
}

void ring_close(struct ring *ring)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (ring->consumer)
        munmap(ring->consumer, page);
    if (ring->producer)
        munmap((void *)ring->producer, page + 2 * ring->size);
    cleanup_fd_close(&ring->fd);
    *ring = (struct ring)RING_CLOSED;
}

uint64_t ring_filled(const struct ring *ring)
{
    return __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) - ring->position;
}

const void *ring_peek(struct ring *ring, uint32_t *ret_size, uint64_t *ret_corrupt)
{
    for (;;) {
        uint64_t filled = ring_filled(ring);
        if (filled < RECORD_HEADER && filled > 0)
            filled = ring->size + 1; // positions move in whole records: this is nonsense
        if (filled == 0)
            return NULL;
        const uint8_t *at = ring->data + (ring->position & (ring->size - 1));
        uint32_t header = __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE);
        if (filled <= ring->size && header & BPF_RINGBUF_BUSY_BIT)
            return NULL;
        uint32_t size = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
        if (filled > ring->size || record_span(size) > filled) {
            (*ret_corrupt)++;
            ring->position += ring_filled(ring);
            ring_publish(ring);
            return NULL;
        }
        if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
            *ret_size = size;
            return at + RECORD_HEADER;
        }
        ring_next(ring, size);
    }
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
