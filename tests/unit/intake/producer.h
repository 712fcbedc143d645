// The kernel's side of a made-up ring: a memfd laid out as a BPF ring buffer (consumer page, producer page, data), for
// the tests of who reads one.
#pragma once

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/bpf.h>

#define RING_BYTES 4096u

struct producer {
    int fd; // the reader maps it; a memfd has no second copy of the data area, so each test wraps by hand
    uint8_t *map;
    uint64_t *consumer, *position;
    uint8_t *data;
};

static inline struct producer producer_make(void)
{
    struct producer producer;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    producer.fd = memfd_create("ring", MFD_CLOEXEC);
    assert_true(producer.fd >= 0);
    assert_int_equal(ftruncate(producer.fd, (off_t)(2 * page + 2 * RING_BYTES)), 0);
    producer.map = mmap(NULL, 2 * page + 2 * RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, producer.fd, 0);
    assert_true(producer.map != MAP_FAILED);
    producer.consumer = (uint64_t *)producer.map;
    producer.position = (uint64_t *)(producer.map + page);
    producer.data = producer.map + 2 * page;
    return producer;
}

static inline void producer_release(struct producer *producer)
{
    munmap(producer->map, 2 * (size_t)sysconf(_SC_PAGESIZE) + 2 * RING_BYTES);
}

static inline void write_both(struct producer *producer, uint64_t at, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t place = (at + i) % RING_BYTES;
        producer->data[place] = producer->data[place + RING_BYTES] = ((const uint8_t *)bytes)[i];
    }
}

static inline void produce_bytes(struct producer *producer, const void *bytes, size_t n, uint32_t flags)
{
    uint32_t header[2] = {(uint32_t)n | flags, 0};
    uint64_t at = *producer->position;
    write_both(producer, at, header, sizeof header);
    write_both(producer, at + 8, bytes, n);
    *producer->position = at + (8 + n + 7) / 8 * 8;
}

static inline void produce(struct producer *producer, const char *text, uint32_t flags)
{
    produce_bytes(producer, text, strlen(text), flags);
}
