// A table of processes for the tests of process.c and process_service.c, and what they tell it.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/core/clock.h"
#include "collector/meta/process.h"

#define PID 0x70000000u // no such process: there is no /proc entry to read

static struct process_table *table;

static inline int setup(void **state)
{
    return process_table_new(&table, NULL, "host-1", 8);
}

static inline int teardown(void **state)
{
    process_table_free(table);
    return 0;
}

static inline int add(uint32_t pid, uint32_t parent, uint64_t start, uint16_t port, const char *exe)
{
    struct process_facts facts = {pid, parent, start, port, str_from(exe), STR("comm")};
    return process_table_update(table, &facts);
}

static inline const struct process *get(uint32_t pid)
{
    const struct process *process = process_table_find(table, pid);
    assert_non_null(process);
    return process;
}

static inline void says(uint32_t pid, uint64_t start, const char *name, const char *attributes)
{
    process_table_environment(table, &(struct process_environment){pid, start, str_from(name), str_from(attributes)},
                              NS_PER_SEC);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
