// The gate between ring bytes and the collector: each length, kind and place that does not fit is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>
#include "collector/intake/check.h"

static union {
    struct http1_record record;
    struct environment_record environment;
    struct executed_record executed;
    uint8_t bytes[RECORD_SIZE_MAX + 8];
    uint64_t align;
} box;

static struct http1_record *record_good(void)
{
    memset(&box, 0, sizeof box);
    box.record.kind = RECORD_KIND_HTTP1;
    box.record.family = AF_INET;
    box.record.role = RECORD_ROLE_SERVER;
    box.record.request_captured = 40;
    box.record.response_offset = 40;
    box.record.response_captured = 60;
    box.record.size = sizeof box.record + 100;
    return &box.record;
}

#define refused(change)                                                                                                \
    do {                                                                                                               \
        struct http1_record *record = record_good();                                                                   \
        change;                                                                                                        \
        assert_false(record_check(record, sizeof *record + 100));                                                      \
    } while (0)

static void test_good_ones(void **state)
{
    struct http1_record *record = record_good();
    assert_true(record_check(record, sizeof *record + 100));
    record->family = AF_UNIX;
    record->path_offset = 90;
    record->path_captured = 10;
    assert_true(record_check(record, sizeof *record + 100));
    record = record_good();
    assert_true(record_check(record, sizeof *record + 176)); // the ring's entry is larger
    record->kind = RECORD_KIND_HTTP1_END;
    record->size = sizeof *record;
    record->request_captured = record->response_offset = record->response_captured = 0;
    assert_true(record_check(record, sizeof *record));
}

static void test_bad_ones(void **state)
{
    refused(record->kind = RECORD_KIND_NONE);
    refused(record->kind = RECORD_KIND_MAX);
    refused(record->family = 77);
    refused(record->role = RECORD_ROLE_UNKNOWN);
    refused(record->role = 3);
    refused(record->size++);
    refused(record->size--);
    refused(record->size = sizeof *record - 1);
    refused(record->size = 0);
    refused(record->request_captured = 101);
    refused(record->request_captured = 0xffff);
    refused(record->response_captured = 61);
    refused(record->response_offset = 41);
    refused(record->response_offset = 0xffff);
    refused(record->path_captured = 101);
    refused(record->path_offset = 100; record->path_captured = 1);
    struct http1_record *record = record_good();
    assert_false(record_check(record, sizeof *record - 1));
    assert_false(record_check(record, 0));
    assert_false(record_check(box.bytes + 4, sizeof *record + 100));
}

static struct environment_record *environment_good(void)
{
    memset(&box, 0, sizeof box);
    box.environment = (struct environment_record){.kind = RECORD_KIND_ENVIRONMENT, .emitted = 77};
    box.environment.size = sizeof box.environment;
    box.environment.name_size = ENVIRONMENT_NAME_MAX;
    box.environment.attributes_size = ENVIRONMENT_ATTRIBUTES_MAX;
    return &box.environment;
}

// The larger record of this kind is no exchange, however it calls itself, and an exchange none of these.
static void test_environments(void **state)
{
    const size_t least = offsetof(struct environment_record, attributes);
    struct environment_record *record = environment_good();
    assert_true(environment_record_check(record, sizeof *record));
    assert_false(record_check(record, sizeof *record));
    assert_false(executed_record_check(record, sizeof *record));
    assert_int_equal(record_emitted(record, sizeof *record), 77);
    assert_false(environment_record_check(record, sizeof *record - 1));
    record->attributes_size = 10;
    record->size = (uint16_t)(least + 10);
    assert_true(environment_record_check(record, record->size));
    record->size++;
    assert_false(environment_record_check(record, record->size));
    record->attributes_size = 0;
    for (size_t size = 0; size < least; size++) {
        record->size = (uint16_t)size;
        assert_false(environment_record_check(record, size));
        assert_int_equal(record_emitted(record, size), 0);
    }
    record->size = (uint16_t)least;
    assert_true(environment_record_check(record, least));
    environment_good()->name_size++;
    assert_false(environment_record_check(record, sizeof *record));
    environment_good()->attributes_size++;
    assert_false(environment_record_check(record, sizeof *record));
    environment_good()->kind = RECORD_KIND_HTTP1;
    assert_false(environment_record_check(record, sizeof *record));
    record->size = sizeof *record; // longer than any exchange
    box.record.family = AF_INET;
    box.record.role = RECORD_ROLE_SERVER;
    assert_false(record_check(&box.record, sizeof *record));
}

static void test_executions(void **state)
{
    memset(&box, 0, sizeof box);
    box.executed = (struct executed_record){.kind = RECORD_KIND_EXECUTED, .size = sizeof box.executed, .emitted = 78};
    assert_true(executed_record_check(&box, sizeof box.executed));
    assert_int_equal(record_emitted(&box, sizeof box.executed), 78);
    assert_false(record_check(&box, sizeof box.executed));
    assert_false(environment_record_check(&box, sizeof box.executed));
    assert_false(executed_record_check(&box, sizeof box.executed - 1));
    assert_int_equal(record_emitted(&box, sizeof box.executed - 1), 0);
    box.executed.size--;
    assert_false(executed_record_check(&box, sizeof box.executed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good_ones), cmocka_unit_test(test_bad_ones),
                                       cmocka_unit_test(test_environments), cmocka_unit_test(test_executions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
