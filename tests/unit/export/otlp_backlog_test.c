// What waits for a destination: order, limits in items and bytes, and payloads that several wait for.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <zlib.h>
#include "collector/export/otlp_backlog.h"

static struct buffer body = {.max = 1 << 20};

static struct otlp_payload *payload_of(const char *text, bool packed, unsigned items)
{
    struct otlp_payload *payload;
    buffer_reset(&body);
    buffer_add_text(&body, text);
    assert_int_equal(otlp_payload_new(&payload, &body, (struct otlp_payload_forms){true, packed}, 3 * items, items), 0);
    assert_int_equal(body.n, 0);
    return payload;
}

// The next request is written where the last one was, unless that was a very large one or there is something already.
static void memory_comes_back(void **state)
{
    static char large[OTLP_BODY_KEPT_MAX + 1];
    struct otlp_payload *first = payload_of("abc", false, 1);
    char *at = first->plain;
    assert_null(body.p);
    otlp_payload_drop(otlp_payload_keep(first));
    assert_null(body.p);
    otlp_payload_drop(first);
    assert_ptr_equal(body.p, at);
    assert_true(body.room == 3 && body.n == 0);
    struct otlp_payload *second = payload_of("abcdef", false, 1), *third = payload_of("ghi", false, 1);
    at = second->plain;
    assert_memory_equal(at, "abcdef", 6);
    otlp_payload_drop(second);
    otlp_payload_drop(third);
    assert_true(body.p == at && body.room == 6);
    memset(large, 'x', sizeof large - 1);
    otlp_payload_drop(payload_of(large, false, 1));
    assert_true(body.p && body.room == OTLP_BODY_KEPT_MAX);
    large[sizeof large - 1] = 'x';
    buffer_reset(&body);
    buffer_add(&body, large, sizeof large);
    assert_int_equal(otlp_payload_new(&first, &body, (struct otlp_payload_forms){.plain = true}, 1, 1), 0);
    otlp_payload_drop(first);
    assert_null(body.p);
}

static void the_oldest_comes_first(void **state)
{
    struct otlp_backlog backlog = {.destination = 7, .bytes_max = 1 << 20};
    struct otlp_payload *payload[3];
    for (unsigned i = 0; i < 3; i++) {
        payload[i] = payload_of("abc", false, i + 1);
        otlp_backlog_push(&backlog, payload[i]);
    }
    assert_int_equal(backlog.items, 6);
    assert_int_equal(backlog.bytes, 3 * otlp_payload_size(payload[0]));
    for (unsigned i = 0; i < 3; i++) {
        assert_ptr_equal(otlp_backlog_pop(&backlog), payload[i]);
        otlp_payload_drop(payload[i]);
    }
    assert_null(otlp_backlog_pop(&backlog));
    assert_true(backlog.items == 0 && backlog.bytes == 0 && !backlog.last);
}

static void limits_hold(void **state)
{
    struct otlp_payload *first = payload_of("abc", false, 5), *second = payload_of("abc", false, 5);
    const struct {
        unsigned items_max;
        size_t bytes_max;
        bool fits;
    } rows[] = {
        {10, 1 << 20, true},
        {9, 1 << 20, false},
        {0, 1 << 20, true},
        {10, 2 * otlp_payload_size(first), true},
        {10, 2 * otlp_payload_size(first) - 1, false},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        struct otlp_backlog backlog = {.items_max = rows[i].items_max, .bytes_max = rows[i].bytes_max};
        otlp_backlog_push(&backlog, first);
        assert_int_equal(otlp_backlog_fits(&backlog, second), rows[i].fits);
    }
    struct otlp_backlog tiny = {.items_max = 1, .bytes_max = 1};
    assert_true(otlp_backlog_fits(&tiny, first)); // or it would never get through
    otlp_payload_drop(first);
    otlp_payload_drop(second);
}

static void several_share_one(void **state)
{
    struct otlp_backlog backlogs[OTLP_DESTINATIONS_MAX];
    struct otlp_payload *payload = payload_of("abcabcabc", true, 4), *other = payload_of("x", false, 1);
    for (unsigned i = 0; i < OTLP_DESTINATIONS_MAX; i++) {
        backlogs[i] = (struct otlp_backlog){.destination = i, .bytes_max = 1 << 20};
        if (i % 2)
            otlp_backlog_push(&backlogs[i], otlp_payload_keep(other));
        otlp_backlog_push(&backlogs[i], otlp_payload_keep(payload));
    }
    otlp_payload_drop(payload);
    otlp_payload_drop(other);
    for (unsigned i = 0; i < OTLP_DESTINATIONS_MAX; i++) {
        if (i % 2)
            otlp_payload_drop(otlp_backlog_pop(&backlogs[i]));
        struct otlp_payload *mine = otlp_backlog_pop(&backlogs[i]);
        assert_ptr_equal(mine, payload);
        assert_true(str_equal(otlp_payload_bytes(mine, false), STR("abcabcabc")));
        uint8_t plain[16];
        z_stream stream = {.next_in = (Bytef *)otlp_payload_bytes(mine, true).p,
                           .avail_in = (uInt)otlp_payload_bytes(mine, true).n,
                           .next_out = plain,
                           .avail_out = sizeof(plain)};
        assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        assert_int_equal(stream.total_out, 9);
        inflateEnd(&stream);
        otlp_payload_drop(mine);
        assert_null(otlp_backlog_pop(&backlogs[i]));
    }
}

// Two destinations lose 2 and 3 of 4: at least 3 are not shown everywhere, and never more than 4.
static void losses_are_not_counted_twice(void **state)
{
    struct otlp_payload *payload = payload_of("abc", false, 4);
    assert_int_equal(otlp_payload_lose(payload, 2), 2);
    assert_int_equal(otlp_payload_lose(payload, 3), 1);
    assert_int_equal(otlp_payload_lose(payload, 1), 0);
    assert_int_equal(otlp_payload_lose(payload, 4), 1);
    otlp_payload_drop(payload);
    otlp_payload_drop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_comes_back),
        cmocka_unit_test(the_oldest_comes_first),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(several_share_one),
        cmocka_unit_test(losses_are_not_counted_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
