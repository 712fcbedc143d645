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

static struct producer producer;
static struct ring ring;

static int setup(void **state)
{
    producer = producer_make();
    return ring_open(&ring, dup(producer.fd), RING_BYTES);
}

static int setup_bare(void **state)
{
    producer = producer_make();
    return ring_open_bare(&ring, dup(producer.fd), RING_BYTES);
}

static int teardown(void **state)
{
    ring_close(&ring);
    producer_release(&producer);
    return 0;
}

static void expect(const char *text)
{
    uint32_t size;
    uint64_t corrupt = 0;
    ring_look(&ring);
    const void *record = ring_peek(&ring, &size, &corrupt);
    assert_non_null(record);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(record, text, size);
    assert_int_equal(corrupt, 0);
    ring_next(&ring, size);
}

static void expect_nothing(void)
{
    uint32_t size;
    uint64_t corrupt = 0;
    ring_look(&ring);
    assert_null(ring_peek(&ring, &size, &corrupt));
    assert_int_equal(corrupt, 0);
}

static void test_order_and_publishing(void **state)
{
    expect_nothing();
    produce(&producer, "one", 0);
    produce(&producer, "twenty-two", 0);
    expect("one");
    expect("twenty-two");
    expect_nothing();
    assert_int_equal(*producer.consumer, 0);
    ring_publish(&ring);
    assert_int_equal(*producer.consumer, *producer.position);
}

// What comes after a look is for the next one.
static void test_looks(void **state)
{
    uint32_t size;
    uint64_t corrupt = 0;
    produce(&producer, "one", 0);
    assert_int_equal(ring_look(&ring), 16);
    produce(&producer, "two", 0);
    assert_non_null(ring_peek(&ring, &size, &corrupt));
    ring_next(&ring, size);
    assert_null(ring_peek(&ring, &size, &corrupt));
    expect("two");
    expect_nothing();
}

// Its data come and go; what was not read is still there.
static void test_bare(void **state)
{
    produce(&producer, "one", 0);
    produce(&producer, "two", 0);
    assert_int_equal(ring_look(&ring), 32);
    assert_null(ring.data);
    assert_int_equal(ring_data_map(&ring), 0);
    expect("one");
    ring_data_unmap(&ring);
    assert_null(ring.data);
    ring_data_unmap(&ring);
    assert_int_equal(ring_data_map(&ring), 0);
    assert_int_equal(ring_data_map(&ring), 0);
    expect("two");
    ring_close(&ring);
    assert_null(ring.data);
}

static void test_discarded_and_busy(void **state)
{
    produce(&producer, "dropped", BPF_RINGBUF_DISCARD_BIT);
    produce(&producer, "seen", 0);
    uint64_t held = *producer.position;
    produce(&producer, "later", BPF_RINGBUF_BUSY_BIT);
    produce(&producer, "behind it", 0);
    expect("seen");
    expect_nothing();
    uint32_t committed = 5;
    write_both(&producer, held, &committed, sizeof committed);
    expect("later");
    expect("behind it");
    expect_nothing();
}

// Ten times around, with a size that does not divide the ring: every place is wrapped at once.
static void test_wrapping(void **state)
{
    char text[45];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    for (unsigned i = 0; i < 10 * RING_BYTES / 56; i++) {
        text[0] = (char)('a' + i % 26);
        produce(&producer, text, 0);
        expect(text);
    }
    expect_nothing();
    assert_int_equal(ring_look(&ring), 0);
}

// The largest record, wrapped at each of its words.
static void test_wrapping_of_the_largest(void **state)
{
    char text[RECORD_SIZE_MAX + 1];
    for (size_t i = 0; i < RECORD_SIZE_MAX; i++)
        text[i] = (char)('a' + i % 23);
    text[RECORD_SIZE_MAX] = 0;
    for (unsigned i = 0; i < RING_BYTES / 8; i++) {
        produce(&producer, text, 0);
        expect(text);
    }
}

static void expect_reset(void)
{
    uint32_t size;
    uint64_t corrupt = 0;
    ring_look(&ring);
    assert_null(ring_peek(&ring, &size, &corrupt));
    assert_int_equal(corrupt, 1);
    assert_int_equal(ring_look(&ring), 0);
    assert_int_equal(*producer.consumer, *producer.position);
    produce(&producer, "alive", 0); // and goes on
    expect("alive");
}

static void test_lies_reset_the_ring(void **state)
{
    produce(&producer, "short", 0);
    uint32_t too_long = 0x3fffffff;
    write_both(&producer, 0, &too_long, sizeof too_long);
    expect_reset();
    *producer.position += 8 * (uint64_t)RING_BYTES; // more than fits
    expect_reset();
    *producer.position += 4; // half a header
    uint32_t size;
    uint64_t corrupt = 0;
    ring_look(&ring);
    assert_null(ring_peek(&ring, &size, &corrupt));
    assert_int_equal(corrupt, 1);
}

static void test_sizes_are_checked(void **state)
{
    struct ring refused;
    assert_int_equal(ring_open(&refused, memfd_create("ring", 0), 100), -EINVAL);
    assert_int_equal(ring_open(&refused, memfd_create("ring", 0), 3 * 4096), -EINVAL);
    assert_int_equal(ring_open(&refused, memfd_create("ring", 0), (size_t)1 << 40), -EINVAL);
    assert_int_equal(ring_open(&refused, -1, RING_BYTES), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order_and_publishing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_looks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bare, setup_bare, teardown),
        cmocka_unit_test_setup_teardown(test_discarded_and_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrapping, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lies_reset_the_ring, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrapping_of_the_largest, setup, teardown),
        cmocka_unit_test(test_sizes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
