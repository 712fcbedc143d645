// Several rings and the reserve as one stream: the order of their records, what waits for the next look, when the
// reserve's data are mapped.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/core/clock.h"
#include "collector/intake/rings.h"
#include "tests/unit/intake/producer.h"

#define SECOND UINT64_C(1000000000)

static struct self self;
static struct rings rings;
static struct producer producer[3]; // the last: the reserve
static uint64_t now;                // when the test began

static int setup(void **state)
{
    self = (struct self){.ring_bytes = 2 * RING_BYTES};
    rings_init(&rings, &self);
    now = clock_monotonic_ns();
    for (unsigned i = 0; i < 3; i++)
        producer[i] = producer_make();
    for (unsigned i = 0; i < 2; i++)
        if (ring_open(&rings.ring[i], dup(producer[i].fd), RING_BYTES) < 0)
            return -1;
    return ring_open_bare(&rings.reserve, dup(producer[2].fd), RING_BYTES);
}

static int teardown(void **state)
{
    rings_close(&rings);
    for (unsigned i = 0; i < 3; i++)
        producer_release(&producer[i]);
    return 0;
}

static void emit(unsigned ring, uint64_t emitted, uint32_t sequence)
{
    struct http1_record record = {
        .kind = RECORD_KIND_HTTP1, .size = sizeof record, .emitted = emitted, .sequence = sequence};
    produce_bytes(&producer[ring], &record, sizeof record, 0);
}

static void expect(uint32_t sequence)
{
    uint32_t size;
    const struct http1_record *record = rings_peek(&rings, &size);
    assert_non_null(record);
    assert_int_equal(size, sizeof *record);
    assert_int_equal(record->sequence, sequence);
    rings_next(&rings, size);
}

static void expect_nothing(void)
{
    uint32_t size;
    assert_null(rings_peek(&rings, &size));
}

static void one_ring(void **state)
{
    rings.count = 1;
    emit(0, now + 3, 1);
    emit(0, now + SECOND / 2, 2); // as it comes, whatever its time
    emit(0, now + 1, 3);
    rings_look(&rings, false);
    expect(1);
    emit(0, now + 2, 4);
    expect(2);
    expect(3);
    expect_nothing();
    rings_publish(&rings);
    assert_int_equal(*producer[0].consumer, 3 * (8 + sizeof(struct http1_record)));
    rings_look(&rings, false);
    expect(4);
    expect_nothing();
}

static void by_time(void **state)
{
    rings.count = 2;
    emit(0, now - 6000000, 1);
    emit(1, now - 5000000, 2);
    emit(1, now - 4000000, 3);
    emit(1, now + 3 * SECOND, 4); // nonsense, which holds up nothing
    emit(0, now - 3000000, 5);
    emit(0, now + SECOND / 2, 6); // an older one may still come
    rings_look(&rings, false);
    for (uint32_t i = 1; i <= 5; i++)
        expect(i);
    expect_nothing();
    rings_look(&rings, true);
    expect(6);
    expect_nothing();
    assert_int_equal(self.unparsed[SELF_UNPARSED_BAD_RECORD], 0);
}

// What found its ring full stands between what was there before and what came when there was room again.
static void reserve(void **state)
{
    rings.count = 1;
    emit(0, now - 6000000, 1);
    emit(0, now - 5000000, 2);
    emit(2, now - 4000000, 3);
    emit(0, now - 3000000, 4);
    emit(2, now - 2000000, 5);
    emit(2, now + SECOND / 2, 7); // and its connection's record before it is maybe on its way to the ring
    rings_look(&rings, false);
    assert_non_null(rings.reserve.data);
    for (uint32_t i = 1; i <= 5; i++)
        expect(i);
    expect_nothing();
    rings_publish(&rings);
    assert_int_equal(*producer[2].consumer, 2 * (8 + sizeof(struct http1_record)));
    emit(0, now + SECOND / 3, 6);
    rings_look(&rings, true);
    expect(6);
    expect(7);
    expect_nothing();
    rings_publish(&rings);
    rings_look(&rings, false);
    assert_null(rings.reserve.data); // it counts as our memory only while there is something in it
    emit(0, now + SECOND / 2, 8);
    rings_look(&rings, false); // alone again: nothing waits
    expect(8);
}

static void fill_is_noted(void **state)
{
    const uint64_t one = 8 + sizeof(struct http1_record);
    rings.count = 2;
    emit(0, 1, 1);
    emit(0, 2, 2);
    emit(1, 1, 3);
    rings_look(&rings, true);
    assert_int_equal(self.ring_high_water_bytes, 2 * one); // of the fullest
    emit(2, 1, 4);
    rings_look(&rings, true);
    assert_int_equal(self.ring_high_water_bytes, 3 * one);
    *producer[0].position += 64 * RING_BYTES; // nonsense
    rings_look(&rings, true);
    assert_int_equal(self.ring_high_water_bytes, 3 * one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_ring),
        TEST(by_time),
        TEST(reserve),
        TEST(fill_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
