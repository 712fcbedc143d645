// The ring reader on made-up rings: a memfd laid out as the kernel lays out a BPF ring buffer (consumer page,
// producer page, data), with our own producer that wraps, holds back, discards and lies.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "collector/intake/ring.h"
#include "tests/unit/intake/producer.h"

static void expect(struct ring *ring, const char *text)
{
    uint32_t size;
    uint64_t corrupt = 0;
    ring_look(ring);
    const void *record = ring_peek(ring, &size, &corrupt);
    assert_non_null(record);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(record, text, size);
    assert_int_equal(corrupt, 0);
    ring_next(ring, size);
}

static void expect_nothing(struct ring *ring)
{
    uint32_t size;
    uint64_t corrupt = 0;
    ring_look(ring);
    assert_null(ring_peek(ring, &size, &corrupt));
    assert_int_equal(corrupt, 0);
}

static void test_order_and_publishing(void **state)
{
    struct producer producer = producer_make();
    struct ring ring;
    assert_int_equal(ring_open(&ring, dup(producer.fd), RING_BYTES), 0);
    expect_nothing(&ring);
    produce(&producer, "one", 0);
    produce(&producer, "twenty-two", 0);
    expect(&ring, "one");
    expect(&ring, "twenty-two");
    expect_nothing(&ring);
    assert_int_equal(*producer.consumer, 0);
    ring_publish(&ring);
    assert_int_equal(*producer.consumer, *producer.position);
    ring_close(&ring);
    producer_release(&producer);
}

// What comes after a look is for the next one.
static void test_looks(void **state)
{
    struct producer producer = producer_make();
    struct ring ring;
    uint32_t size;
    uint64_t corrupt = 0;
    assert_int_equal(ring_open(&ring, dup(producer.fd), RING_BYTES), 0);
    produce(&producer, "one", 0);
    assert_int_equal(ring_look(&ring), 16);
    produce(&producer, "two", 0);
    assert_non_null(ring_peek(&ring, &size, &corrupt));
    ring_next(&ring, size);
    assert_null(ring_peek(&ring, &size, &corrupt));
    expect(&ring, "two");
    expect_nothing(&ring);
    ring_close(&ring);
    producer_release(&producer);
}

// Its data come and go; what was not read is still there.
static void test_bare(void **state)
{
    struct producer producer = producer_make();
    struct ring ring;
    assert_int_equal(ring_open_bare(&ring, dup(producer.fd), RING_BYTES), 0);
    produce(&producer, "one", 0);
    produce(&producer, "two", 0);
    assert_int_equal(ring_look(&ring), 32);
    assert_null(ring.data);
    assert_int_equal(ring_data_map(&ring), 0);
    expect(&ring, "one");
    ring_data_unmap(&ring);
    assert_null(ring.data);
    ring_data_unmap(&ring);
    assert_int_equal(ring_data_map(&ring), 0);
    assert_int_equal(ring_data_map(&ring), 0);
    expect(&ring, "two");
    ring_close(&ring);
    assert_null(ring.data);
    producer_release(&producer);
}

static void test_discarded_and_busy(void **state)
{
    struct producer producer = producer_make();
    struct ring ring;
    assert_int_equal(ring_open(&ring, dup(producer.fd), RING_BYTES), 0);
    produce(&producer, "dropped", BPF_RINGBUF_DISCARD_BIT);
    produce(&producer, "seen", 0);
    uint64_t held = *producer.position;
    produce(&producer, "later", BPF_RINGBUF_BUSY_BIT);
    produce(&producer, "behind it", 0);
    expect(&ring, "seen");
    expect_nothing(&ring);
    uint32_t committed = 5;
    write_both(&producer, held, &committed, sizeof committed);
    expect(&ring, "later");
    expect(&ring, "behind it");
    expect_nothing(&ring);
    ring_close(&ring);
    producer_release(&producer);
}

// Ten times around, with a size that does not divide the ring: every place is wrapped at once.
static void test_wrapping(void **state)
{
    struct producer producer = producer_make();
    struct ring ring;
    char text[45];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    assert_int_equal(ring_open(&ring, dup(producer.fd), RING_BYTES), 0);
    for (unsigned i = 0; i < 10 * RING_BYTES / 56; i++) {
        text[0] = (char)('a' + i % 26);
        produce(&producer, text, 0);
        expect(&ring, text);
    }
    expect_nothing(&ring);
    assert_int_equal(ring_look(&ring), 0);
    ring_close(&ring);
    producer_release(&producer);
}

// The largest record, wrapped at each of its words.
static void test_wrapping_of_the_largest(void **state)
{
    struct producer producer = producer_make();
    struct ring ring;
    char text[RECORD_SIZE_MAX + 1];
    for (size_t i = 0; i < RECORD_SIZE_MAX; i++)
        text[i] = (char)('a' + i % 23);
    text[RECORD_SIZE_MAX] = 0;
    assert_int_equal(ring_open(&ring, dup(producer.fd), RING_BYTES), 0);
    for (unsigned i = 0; i < RING_BYTES / 8; i++) {
        produce(&producer, text, 0);
        expect(&ring, text);
    }
    ring_close(&ring);
    producer_release(&producer);
}

static void expect_reset(struct producer *producer, struct ring *ring)
{
    uint32_t size;
    uint64_t corrupt = 0;
    ring_look(ring);
    assert_null(ring_peek(ring, &size, &corrupt));
    assert_int_equal(corrupt, 1);
    assert_int_equal(ring_look(ring), 0);
    assert_int_equal(*producer->consumer, *producer->position);
    produce(producer, "alive", 0); // and goes on
    expect(ring, "alive");
}

static void test_lies_reset_the_ring(void **state)
{
    struct producer producer = producer_make();
    struct ring ring;
    assert_int_equal(ring_open(&ring, dup(producer.fd), RING_BYTES), 0);
    produce(&producer, "short", 0);
    uint32_t too_long = 0x3fffffff;
    write_both(&producer, 0, &too_long, sizeof too_long);
    expect_reset(&producer, &ring);
    *producer.position += 8 * (uint64_t)RING_BYTES; // more than fits
    expect_reset(&producer, &ring);
    *producer.position += 4; // half a header
    uint32_t size;
    uint64_t corrupt = 0;
    ring_look(&ring);
    assert_null(ring_peek(&ring, &size, &corrupt));
    assert_int_equal(corrupt, 1);
    ring_close(&ring);
    producer_release(&producer);
}

static void test_sizes_are_checked(void **state)
{
    struct ring ring;
    assert_int_equal(ring_open(&ring, memfd_create("ring", 0), 100), -EINVAL);
    assert_int_equal(ring_open(&ring, memfd_create("ring", 0), 3 * 4096), -EINVAL);
    assert_int_equal(ring_open(&ring, memfd_create("ring", 0), (size_t)1 << 40), -EINVAL);
    assert_int_equal(ring_open(&ring, -1, RING_BYTES), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_publishing),
        cmocka_unit_test(test_looks),
        cmocka_unit_test(test_bare),
        cmocka_unit_test(test_discarded_and_busy),
        cmocka_unit_test(test_wrapping),
        cmocka_unit_test(test_lies_reset_the_ring),
        cmocka_unit_test(test_wrapping_of_the_largest),
        cmocka_unit_test(test_sizes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
