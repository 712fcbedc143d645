// A queued span owns its texts: what they were copied from may be gone, as a ring's record is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/export/otlp_queue.h"
#include "unit/export/spans.h"

static void texts_are_kept(void **state)
{
    struct otlp_queue *queue;
    struct span span = spans_server();
    char record[] = "abcdefg";
    struct str *const texts[] = {&span.method_original, &span.server_address, &span.forwarded_for,
                                 &span.route,           &span.path,           &span.query,
                                 &span.user_agent};
    for (size_t i = 0; i < array_size(texts); i++)
        *texts[i] = (struct str){record + i, 1};
    assert_int_equal(otlp_queue_new(&queue, 1), 0);
    assert_true(otlp_queue_push(queue, &span));
    memset(record, 'x', sizeof(record));
    const struct span *kept = &otlp_queue_first(queue)->span;
    const struct str copies[] = {kept->method_original, kept->server_address, kept->forwarded_for,
                                 kept->route,           kept->path,           kept->query,
                                 kept->user_agent};
    for (size_t i = 0; i < array_size(copies); i++) {
        assert_int_equal(copies[i].n, 1);
        assert_int_equal(copies[i].p[0], 'a' + i);
    }
    assert_false(otlp_queue_push(queue, &span)); // full
    otlp_queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts_are_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
