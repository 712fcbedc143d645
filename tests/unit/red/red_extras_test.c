// What a series keeps beside its histograms: extremes, exponential twins, exemplars, windows.
#include "unit/red/red_sample.h"

static void min_and_max_are_kept(void **state)
{
    static const uint64_t values[] = {20 * NS_PER_MS, 5 * NS_PER_MS, 900 * NS_PER_MS};
    struct red *red = red_made(10, 0);
    struct span span = server_span();
    for (size_t i = 0; i < array_size(values); i++) {
        span.duration_ns = values[i];
        red_record(red, &span);
    }
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    assert_int_equal(series->histogram[RED_DURATION].min, 5 * NS_PER_MS);
    assert_int_equal(series->histogram[RED_DURATION].max, 900 * NS_PER_MS);
    assert_int_equal(series->histogram[RED_REQUEST_SIZE].min, 0);
    assert_int_equal(series->histogram[RED_REQUEST_SIZE].max, 0);
    assert_null(series->exponential[RED_DURATION]); // not asked for
    assert_null(series->exemplar[RED_DURATION]);
    red_free(red);
}

static struct exponential unpacked(const struct packed *packed)
{
    struct exponential exponential;
    assert_non_null(packed);
    packed_load(packed, &exponential);
    return exponential;
}

static void an_exponential_twin_counts_the_same(void **state)
{
    struct red *red = red_made(10, 0);
    struct span span = server_span();
    red_keep(red, RED_EXTRA_EXPONENTIAL);
    red_record(red, &span);
    span.queue_ns = SPAN_TIME_UNKNOWN;
    red_record(red, &span);
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    struct exponential loaded = unpacked(series->exponential[RED_DURATION]), *duration = &loaded;
    assert_int_equal(duration->used, 1);
    assert_int_equal(duration->offset, exponential_index(0.020, 20));
    assert_int_equal(duration->bucket[0], 2);
    assert_int_equal(unpacked(series->exponential[RED_REQUEST_SIZE]).zero_count, 2);
    assert_int_equal(unpacked(series->exponential[RED_QUEUE]).bucket[0], 1);
    assert_null(series->exemplar[RED_DURATION]);
    red_free(red);
}

static void an_exemplar_is_the_last_sampled_request(void **state)
{
    struct red *red = red_made(10, 0);
    struct span span = server_span();
    red_keep(red, RED_EXTRA_EXEMPLARS);
    span.trace_id[0] = 1;
    span.span_id[0] = 1;
    span.sampled = true;
    red_record(red, &span);
    span.span_id[0] = 2;
    span.duration_ns = 21 * NS_PER_MS;
    red_record(red, &span);
    span.span_id[0] = 3;
    span.sampled = false;
    red_record(red, &span);
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    const struct red_exemplar *exemplar = series->exemplar[RED_DURATION];
    for (unsigned i = 0; i <= histogram_bounds_duration.count; i++)
        assert_int_equal(exemplar[i].unix_ns, i == 2 ? 1000 * NS_PER_SEC + 21 * NS_PER_MS : 0);
    assert_int_equal(exemplar[2].value, 21 * NS_PER_MS);
    assert_int_equal(exemplar[2].trace_id[0], 1);
    assert_int_equal(exemplar[2].span_id[0], 2);
    assert_null(series->exemplar[RED_RESPONSE_SIZE]); // of durations only
    assert_null(series->exponential[RED_DURATION]);
    red_free(red);
}

static void a_window_holds_what_came_since(void **state)
{
    struct red *red = red_made(10, 0);
    struct span span = server_span();
    red_keep(red, RED_EXTRA_WINDOW | RED_EXTRA_EXPONENTIAL);
    red_record(red, &span);
    red_record(red, &span);
    const struct red_series *series = red_first(red, SPAN_KIND_SERVER);
    assert_int_equal(series->window->start_unix_ns, series->start_unix_ns);
    assert_int_equal(series->window->histogram[RED_DURATION].count, 2);
    assert_int_equal(unpacked(series->window->exponential[RED_DURATION]).bucket[0], 2);
    red_window_reset(series->window, 2000 * NS_PER_SEC);
    assert_int_equal(series->window->start_unix_ns, 2000 * NS_PER_SEC);
    assert_int_equal(series->window->histogram[RED_DURATION].count, 0);
    span.duration_ns = 90 * NS_PER_MS;
    red_record(red, &span);
    assert_int_equal(series->window->histogram[RED_DURATION].count, 1);
    assert_int_equal(series->window->histogram[RED_DURATION].min, 90 * NS_PER_MS);
    assert_int_equal(unpacked(series->window->exponential[RED_DURATION]).scale, EXPONENTIAL_SCALE_MAX);
    assert_int_equal(series->histogram[RED_DURATION].count, 3);
    red_free(red);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(min_and_max_are_kept),
        cmocka_unit_test(an_exponential_twin_counts_the_same),
        cmocka_unit_test(an_exemplar_is_the_last_sampled_request),
        cmocka_unit_test(a_window_holds_what_came_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
