// Series that are forgotten: when, what stays findable, and what is remembered of them until it is told.
#include "unit/red/red_sample.h"

static void record_status(struct red *red, uint16_t status, uint64_t at_ns)
{
    struct span span = server_span();
    span.status = status;
    span.start_monotonic_ns = at_ns;
    span.duration_ns = 0;
    red_record(red, &span);
}

// Many series, of which a changing part expires: the rest must stay findable, in order, and countable.
static void expiry(void **state)
{
    struct red *red = red_made(400, 10 * NS_PER_SEC);
    for (uint16_t status = 1; status <= 400; status++)
        record_status(red, status, (status % 3) * NS_PER_SEC);
    red_expire(red, 11 * NS_PER_SEC); // those of second 0 are older than 10 s, those of second 1 are exactly that
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 400 - 133);
    for (uint16_t status = 1; status <= 400; status++)
        if (status % 3)
            record_status(red, status, (status % 3) * NS_PER_SEC);
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 400 - 133);
    uint16_t last = 0;
    for (const struct red_series *series = red_first(red, SPAN_KIND_SERVER); series; series = series->next) {
        assert_true(series->status > last && series->status % 3);
        assert_int_equal(series->histogram[RED_DURATION].count, 2);
        last = series->status;
    }
    assert_int_equal(last, 400);
    record_status(red, 3, 20 * NS_PER_SEC); // comes back, at the end of the list, from zero
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 400 - 132);
    red_expire(red, 25 * NS_PER_SEC);
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 1);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->status, 3);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->histogram[RED_DURATION].count, 1);
    red_expire(red, 5); // a clock before the last measurement expires nothing
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 1);
    red_expire(red, 100 * NS_PER_SEC);
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 0);
    record_status(red, 7, 0); // the list is whole after it was empty
    record_status(red, 8, 0);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->next->status, 8);
    red_free(red);
}

// A request that took longer than the TTL began before its series was forgotten; the series does not.
static void what_comes_back_begins_anew(void **state)
{
    struct red *red = red_made(10, 5 * NS_PER_SEC);
    struct span span = server_span();
    clock_offset_set((int64_t)(990 * NS_PER_SEC)); // monotonic 10 s is 1000 s of the spans
    red_record(red, &span);
    red_expire(red, 16 * NS_PER_SEC);
    assert_null(red_first(red, SPAN_KIND_SERVER));
    span.duration_ns = 9 * NS_PER_SEC; // until 19 s
    red_record(red, &span);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->start_unix_ns, 1006 * NS_PER_SEC);
    span.status = 404; // after that: its own start
    span.start_unix_ns = 1007 * NS_PER_SEC;
    red_record(red, &span);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->next->start_unix_ns, 1007 * NS_PER_SEC);
    red_free(red);
}

static void a_ttl_of_zero_keeps_everything(void **state)
{
    struct red *red = red_made(4, 0);
    record_status(red, 200, 0);
    red_expire(red, UINT64_MAX);
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 1);
    red_free(red);
    red_free(NULL);
}

static void expiry_makes_room_under_the_cap(void **state)
{
    struct red *red = red_made(1, NS_PER_SEC);
    record_status(red, 200, 0);
    record_status(red, 201, 0);
    assert_int_equal(red_overflowed(red, SPAN_KIND_SERVER), 1);
    red_expire(red, 2 * NS_PER_SEC);
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 0);
    record_status(red, 201, 3 * NS_PER_SEC);
    assert_int_equal(red_overflowed(red, SPAN_KIND_SERVER), 1);
    assert_int_equal(red_first(red, SPAN_KIND_SERVER)->status, 201);
    red_free(red);
}

static void forgotten_series_are_remembered_until_told(void **state)
{
    struct red *red = red_made(10, NS_PER_SEC);
    struct span span = server_span();
    red_keep(red, RED_EXTRA_GONE);
    for (uint16_t status = 200; status < 203; status++) {
        span.status = status;
        red_record(red, &span);
    }
    assert_null(red_gone(red));
    red_expire(red, 100 * NS_PER_SEC);
    assert_int_equal(list_length(red, SPAN_KIND_SERVER), 0);
    const struct red_series *gone = red_gone(red);
    assert_int_equal(gone->status, 200);
    assert_int_equal(gone->next->status, 201);
    red_gone_release(red, gone->next);
    gone = red_gone(red);
    assert_int_equal(gone->status, 202);
    assert_null(gone->next);
    span.status = 203;
    span.start_monotonic_ns = 100 * NS_PER_SEC;
    red_record(red, &span);
    red_expire(red, 200 * NS_PER_SEC); // goes behind the one that waits
    assert_int_equal(red_gone(red)->next->status, 203);
    red_gone_release(red, red_gone(red)->next);
    assert_null(red_gone(red));
    red_free(red);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expiry),
        cmocka_unit_test(what_comes_back_begins_anew),
        cmocka_unit_test(a_ttl_of_zero_keeps_everything),
        cmocka_unit_test(expiry_makes_room_under_the_cap),
        cmocka_unit_test(forgotten_series_are_remembered_until_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
