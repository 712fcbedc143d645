// The table of processes: services, instances, inheritance, reuse of pids, caps.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "collector/core/clock.h"
#include "collector/meta/process.h"

#define PID 0x70000000u // no such process: there is no /proc entry to read

static struct process_table *table;

static int setup(void **state)
{
    return process_table_new(&table, NULL, "host-1", 8);
}

static int teardown(void **state)
{
    process_table_free(table);
    return 0;
}

static int add(uint32_t pid, uint32_t parent, uint64_t start, uint16_t port, const char *exe)
{
    struct process_facts facts = {pid, parent, start, port, str_from(exe), STR("comm")};
    return process_table_update(table, &facts);
}

static const struct process *get(uint32_t pid)
{
    const struct process *process = process_table_find(table, pid);
    assert_non_null(process);
    return process;
}

static void one_process(void **state)
{
    assert_null(process_table_find(table, PID));
    assert_int_equal(add(PID, 1, 100, 8080, "/srv/shop"), 0);
    const struct process *p = get(PID);
    assert_int_equal(p->listen_port, 8080);
    assert_int_equal(p->start_ns, 100);
    assert_string_equal(p->exe, "/srv/shop");
    assert_string_equal(p->comm, "comm");
    assert_string_equal(p->service->name, "shop");
    assert_string_equal(p->service->exe_name, "shop");
    assert_string_equal(p->service->namespace_, "");
    assert_null(p->service->language);
    // uuid5(4d63009a-8d0f-11ee-aad7-4c796ed8e320, "host-1\n\nshop\n8080")
    assert_string_equal(p->service->instance_id, "429c236f-77ee-5bcf-adf3-821f079c814d");
    assert_int_equal(p->service->processes, 1);
    assert_ptr_equal(process_table_service(table, 0), p->service);
    assert_null(process_table_service(table, 1));
    assert_int_equal(process_table_live(table), 1);
}

// Instances are told apart by port, else by executable; workers of one listener are one.
static void instances(void **state)
{
    assert_int_equal(add(PID, 1, 1, 0, "/a/shop"), 0);
    assert_string_equal(get(PID)->service->instance_id, "2d1c8c65-d76b-571c-a06c-730efaef2669");
    assert_int_equal(add(PID + 1, 1, 1, 0, "/b/shop"), 0);
    assert_int_equal(add(PID + 2, 1, 1, 81, "/a/shop"), 0);
    assert_int_equal(add(PID + 3, 1, 1, 81, "/a/shop"), 0);
    assert_ptr_not_equal(get(PID)->service, get(PID + 1)->service);
    assert_ptr_not_equal(get(PID)->service, get(PID + 2)->service);
    assert_ptr_equal(get(PID + 3)->service, get(PID + 2)->service);
    assert_int_equal(get(PID + 2)->service->processes, 2);
}

static void workers_inherit(void **state)
{
    assert_int_equal(add(PID, 1, 1, 0, "/srv/shop"), 0);
    assert_int_equal(add(PID + 1, PID, 1, 0, "/srv/shop"), 0);
    assert_int_equal(add(PID + 2, PID, 1, 0, "/bin/other"), 0);
    assert_int_equal(add(PID, 1, 1, 8080, "/srv/shop"), 0); // forked before it listened
    assert_int_equal(get(PID + 1)->listen_port, 8080);
    assert_int_equal(get(PID + 2)->listen_port, 0);
    assert_ptr_equal(get(PID + 1)->service, get(PID)->service);
    assert_int_equal(add(PID + 3, PID, 1, 0, "/srv/shop"), 0); // and after
    assert_int_equal(get(PID + 3)->listen_port, 8080);
    assert_int_equal(get(PID)->service->processes, 3);
    assert_int_equal(add(PID + 3, PID, 1, 9090, "/srv/shop"), 0); // its own port wins
    assert_int_equal(get(PID + 3)->listen_port, 9090);
    assert_int_equal(get(PID)->service->processes, 2);
}

static void updates(void **state)
{
    assert_int_equal(add(PID, 1, 1, 8080, "/srv/shop"), 0);
    assert_int_equal(add(PID, 1, 1, 80, "/srv/shop"), 0); // the lowest port names it
    assert_int_equal(add(PID, 1, 1, 0, "/srv/shop"), 0);
    assert_int_equal(get(PID)->listen_port, 80);
    assert_int_equal(add(PID, 1, 1, 0, "/srv/next (deleted)"), 0); // exec
    assert_int_equal(get(PID)->listen_port, 0);
    assert_string_equal(get(PID)->service->name, "next");
    assert_int_equal(process_table_live(table), 1);
    unsigned processes = 0;
    for (uint32_t i = 0; process_table_service(table, i); i++)
        processes += process_table_service(table, i)->processes;
    assert_int_equal(processes, 1);
}

static void exits(void **state)
{
    assert_int_equal(add(PID, 1, 1, 80, "/srv/shop"), 0);
    const struct service *service = get(PID)->service;
    process_table_exit(table, PID, 5 * NS_PER_SEC);
    process_table_exit(table, PID, 5 * NS_PER_SEC);
    process_table_exit(table, PID + 1, 5 * NS_PER_SEC);
    assert_int_equal(service->processes, 0);
    assert_int_equal(process_table_live(table), 0);
    process_table_expire(table, 15 * NS_PER_SEC);
    assert_ptr_equal(get(PID)->service, service);
    process_table_expire(table, 15 * NS_PER_SEC + 1);
    assert_null(process_table_find(table, PID));
    // The same pid, another process, the same instance after a restart.
    assert_int_equal(add(PID, 1, 2, 80, "/srv/shop"), 0);
    assert_ptr_equal(get(PID)->service, service);
    assert_int_equal(add(PID, 1, 3, 0, "/srv/b"), 0);
    assert_int_equal(get(PID)->start_ns, 3);
    assert_int_equal(get(PID)->listen_port, 0);
    assert_int_equal(process_table_live(table), 1);
    assert_int_equal(service->processes, 0);
}

static void full(void **state)
{
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(add(PID + i, 1, 1, 80, "/srv/shop"), 0);
    assert_int_equal(add(PID + 8, 1, 1, 80, "/srv/shop"), -ENOSPC);
    assert_null(process_table_find(table, PID + 8));
    process_table_exit(table, PID + 5, 20);
    process_table_exit(table, PID + 3, 10);
    assert_int_equal(add(PID + 8, 1, 1, 80, "/srv/shop"), 0); // the one that ended first makes room
    assert_null(process_table_find(table, PID + 3));
    assert_int_equal(process_table_find(table, PID + 5) != NULL, 1);
    assert_int_equal(process_table_live(table), 7);
}

// As many services as processes; then a process stays unknown, and what is known stays as it is.
static void services_full(void **state)
{
    char exe[32];
    for (uint32_t i = 0; i < 8; i++) {
        snprintf(exe, sizeof exe, "/srv/%u", i);
        assert_int_equal(add(PID, 1, 1 + i, 0, exe), 0);
    }
    assert_int_equal(add(PID + 1, 1, 1, 0, "/srv/new"), -ENOSPC);
    assert_null(process_table_find(table, PID + 1));
    assert_int_equal(add(PID, 1, 8, 99, "/srv/7"), 0);
    assert_string_equal(get(PID)->service->name, "7");
    assert_int_equal(process_table_live(table), 1);
}

static void found(uint32_t pid, uint64_t start, enum executable_language language, const char *version)
{
    struct process_executable found = {.pid = pid, .start_ns = start};
    found.executable.language = (uint8_t)language;
    found.executable.version_size = (uint8_t)strlen(version);
    memcpy(found.executable.version, version, strlen(version));
    process_table_executable(table, &found);
}

// What the file is, what it is called, and which of both the service shows.
static void languages(void **state)
{
    static const struct {
        const char *exe;
        enum executable_language language;
        const char *version, *expected, *expected_version;
    } cases[] = {
        {"/srv/shop", EXECUTABLE_GO, "go1.22.3", "go", "go1.22.3"},
        {"/srv/a", EXECUTABLE_UNKNOWN, "", NULL, ""},
        {"/srv/b", EXECUTABLE_C, "", "c", ""},
        {"/usr/bin/python3.11", EXECUTABLE_PYTHON, "3.11", "python", "3.11"},
        {"/usr/bin/python3", EXECUTABLE_UNKNOWN, "", "python", ""},
        {"/usr/bin/node", EXECUTABLE_CPP, "", "nodejs", ""},
        {"/opt/chain/node", EXECUTABLE_GO, "go1.21.0", "go", "go1.21.0"},
        {"/usr/bin/perl", EXECUTABLE_C, "", "perl", ""},
    };
    for (uint32_t i = 0; i < array_size(cases); i++) {
        assert_int_equal(add(PID, 1, i + 1, 8000, cases[i].exe), 0);
        found(PID, i + 1, cases[i].language, cases[i].version);
        const struct service *service = get(PID)->service;
        assert_string_equal(service->language ? service->language : "none",
                            cases[i].expected ? cases[i].expected : "none");
        assert_string_equal(service->runtime_version, cases[i].expected_version);
    }
}

static void language_of_another_time(void **state)
{
    assert_int_equal(add(PID, 1, 100, 0, "/srv/a"), 0);
    found(PID + 1, 100, EXECUTABLE_GO, "go1.1"); // nobody
    found(PID, 99, EXECUTABLE_GO, "go1.1");      // an earlier process of this number
    assert_null(get(PID)->service->language);
    found(PID, 100, EXECUTABLE_RUST, "1.75.0");
    assert_string_equal(get(PID)->service->language, "rust");
    // It listens: another instance of the same executable.
    assert_int_equal(add(PID, 1, 100, 80, "/srv/a"), 0);
    assert_string_equal(get(PID)->service->language, "rust");
    assert_string_equal(get(PID)->service->runtime_version, "1.75.0");
    // It executes something else, of which nothing is known yet.
    assert_int_equal(add(PID, 1, 100, 0, "/srv/b"), 0);
    assert_null(get(PID)->service->language);
    assert_string_equal(get(PID)->service->runtime_version, "");
    process_table_exit(table, PID, 5);
    found(PID, 100, EXECUTABLE_GO, "go1.1");
    assert_null(get(PID)->service->language);
}

static void forced_name(void **state)
{
    struct process_table *forced;
    assert_int_equal(process_table_new(&forced, "mine\n", "h", 4), 0);
    struct process_facts facts = {(uint32_t)getpid(), 1, 1, 0, STR("/usr/bin/python3"), STR("x")};
    assert_int_equal(process_table_update(forced, &facts), 0);
    const struct service *service = process_table_find(forced, facts.pid)->service;
    assert_string_equal(service->name, "mine?");
    assert_string_equal(service->language, "python");
    assert_string_equal(service->exe_name, "python3");
    process_table_free(forced);
}

static void nameless(void **state)
{
    assert_int_equal(add(PID, 1, 1, 0, ""), 0);
    assert_string_equal(get(PID)->service->name, "comm");
    char huge[600];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = 0;
    assert_int_equal(add(PID + 1, 1, 1, 0, huge), 0);
    assert_int_equal(strlen(get(PID + 1)->exe), PROCESS_EXE_MAX - 1);
    assert_int_equal(strlen(get(PID + 1)->service->name), SERVICE_NAME_MAX - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_process), TEST(instances),     TEST(workers_inherit), TEST(updates),  TEST(exits),
        TEST(full),        TEST(services_full), TEST(forced_name),     TEST(nameless),
        TEST(languages),   TEST(language_of_another_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
