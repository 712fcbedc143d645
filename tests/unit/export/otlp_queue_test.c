// A queue owns what was pushed: what texts were copied from may be gone, as a ring's record is. Full by count, full by
// bytes, and empty again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/export/otlp_message.h"
#include "collector/export/otlp_queue.h"
#include "unit/export/spans.h"

static struct arena arena;

static bool push(struct otlp_queue *queue)
{
    struct span span = spans_client();
    char record[] = "/abcdefg";
    span.path = str_from(record);
    bool pushed = otlp_queue_push(queue, &span, &arena);
    memset(record, 'x', sizeof(record));
    return pushed;
}

static void texts_are_kept(void **state)
{
    struct otlp_queue *queue;
    assert_int_equal(otlp_queue_new(&queue, 2, 4096), 0);
    assert_true(push(queue) && push(queue));
    assert_false(push(queue)); // full
    assert_int_equal(otlp_queue_count(queue), 2);
    const struct otlp_queued *queued = otlp_queue_first(queue);
    for (unsigned i = 0; i < 2; i++) {
        assert_ptr_equal(queued[i].service, &spans_service);
        assert_int_equal(queued[i].spans, 1);
        assert_non_null(memmem(queue->bytes.p + queued[i].at, queued[i].n, "/abcdefg", 8));
    }
    otlp_queue_drop(queue, 1);
    assert_ptr_equal(otlp_queue_first(queue), queued + 1);
    assert_false(push(queue));
    otlp_queue_drop(queue, 5);
    assert_int_equal(otlp_queue_count(queue), 0);
    assert_true(push(queue));
    otlp_queue_free(queue);
}

// Of every size: what does not fit leaves no trace.
static void bytes_are_bounded(void **state)
{
    for (size_t max = 0; max < 2000; max += 13) {
        struct otlp_queue *queue;
        unsigned count = 0;
        assert_int_equal(otlp_queue_new(&queue, 100, max), 0);
        while (push(queue))
            count++;
        assert_int_equal(otlp_queue_count(queue), count);
        assert_int_equal(queue->bytes.n, count ? count * otlp_queue_first(queue)->n : 0);
        assert_true(queue->bytes.n <= max);
        otlp_queue_drop(queue, count);
        assert_int_equal(push(queue), count > 0);
        otlp_queue_free(queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts_are_kept), cmocka_unit_test(bytes_are_bounded)};
    return arena_init(&arena, OTLP_ARENA_SIZE) || cmocka_run_group_tests(tests, NULL, NULL);
}
