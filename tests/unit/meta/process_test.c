// The table of processes: how a pid comes and goes, is used again, says something, and what happens when all is full.
#include <errno.h>
#include <stdio.h>
#include "tests/unit/meta/process_sample.h"

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

// Who is not told of in a walk has ended, whatever else was told meanwhile; an end without a beginning says nothing.
static void walks(void **state)
{
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(add(PID + i, 1, 1, 80, "/srv/shop"), 0);
    process_table_walk(table, true, 1);
    assert_int_equal(process_table_live(table), 4);
    process_table_walk(table, false, 2);
    assert_int_equal(add(PID, 1, 1, 0, "/srv/shop"), 0);       // still there
    assert_int_equal(add(PID + 1, 1, 1, 0, "shop"), 0);        // told late: it has ended meanwhile
    assert_int_equal(add(PID + 4, PID, 2, 0, "/srv/shop"), 0); // new
    assert_int_equal(process_table_live(table), 5);
    process_table_walk(table, true, 3);
    assert_int_equal(process_table_live(table), 3);
    assert_int_equal(get(PID)->service->processes, 3);
    process_table_walk(table, true, 4);
    assert_int_equal(process_table_live(table), 3);
    process_table_walk(table, false, 5); // whose end is lost
    assert_int_equal(add(PID, 1, 1, 0, "/srv/shop"), 0);
    process_table_walk(table, false, 6);
    process_table_walk(table, true, 7);
    assert_int_equal(process_table_live(table), 0);
    process_table_expire(table, 20 * NS_PER_SEC);
    assert_null(process_table_find(table, PID + 2));
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

// What a process says counts whether it comes before its facts or after them, and until it says something else.
static void environments(void **state)
{
    says(PID, 1, "early", "service.namespace=eu,a=b");
    assert_null(process_table_find(table, PID)); // nothing is known of it but this
    assert_int_equal(process_table_live(table), 0);
    assert_int_equal(add(PID, 1, 1, 80, "/srv/shop"), 0);
    assert_string_equal(get(PID)->service->name, "early");
    assert_string_equal(get(PID)->service->namespace_, "eu");
    assert_string_equal(service_attribute(get(PID)->service, "a"), "b");
    assert_int_equal(process_table_live(table), 1);
    says(PID, 1, "late", "");
    assert_string_equal(get(PID)->service->name, "late");
    assert_string_equal(get(PID)->service->namespace_, "");
    assert_int_equal(get(PID)->listen_port, 80);
    says(PID, 2, "another process of this number", "");
    assert_string_equal(get(PID)->service->name, "late");
    says(PID, 1, "", ""); // it executed something else, without these
    assert_string_equal(get(PID)->service->name, "shop");
    process_table_exit(table, PID, NS_PER_SEC);
    says(PID, 1, "gone", "");
    assert_string_equal(get(PID)->service->name, "shop");
    says(PID, 3, "next", ""); // the number is used again
    assert_null(process_table_find(table, PID));
    assert_int_equal(add(PID, 1, 3, 80, "/srv/shop"), 0);
    assert_string_equal(get(PID)->service->name, "next");
}

static void executes(uint32_t pid, uint64_t start, const char *path)
{
    process_table_executed(table, &(struct process_executed){pid, start, str_from(path)}, NS_PER_SEC);
}

// One that is gone before anybody could look: it belongs where it was when it executed.
static void executions(void **state)
{
    executes(PID, 1, "/system.slice/shop.service");
    assert_null(process_table_find(table, PID));
    assert_int_equal(add(PID, 1, 1, 80, "/srv/x"), 0);
    assert_string_equal(get(PID)->service->name, "shop");
    says(PID, 1, "said", "");
    assert_string_equal(get(PID)->service->name, "said");
    executes(PID, 1, "/system.slice/other.service"); // and what it said holds no more
    assert_string_equal(get(PID)->service->name, "other");
    executes(PID, 2, "/system.slice/third.service"); // of another time
    assert_string_equal(get(PID)->service->name, "other");
    executes(PID + 1, 1, "/a"); // nobody tells of this one
    process_table_expire(table, 2 * NS_PER_SEC + 1);
    assert_int_equal(add(PID + 1, 1, 1, 80, "/srv/y"), 0);
    assert_string_equal(get(PID + 1)->service->name, "y");
}

// Told without a path: the loader found it gone. With one it is observed again after it was not for a while.
static void told_late(void **state)
{
    assert_int_equal(add(PID, 1, 1, 80, "/srv/shop"), 0);
    says(PID, 1, "said", "");
    const struct service *service = get(PID)->service;
    assert_int_equal(add(PID, 1, 1, 80, "shop"), 0); // ending
    assert_ptr_equal(get(PID)->service, service);
    process_table_exit(table, PID, NS_PER_SEC);
    assert_int_equal(add(PID, 1, 1, 80, "shop"), 0); // and ended
    assert_ptr_equal(get(PID)->service, service);
    assert_string_equal(get(PID)->exe, "/srv/shop");
    assert_int_equal(process_table_live(table), 0);
    assert_int_equal(service->processes, 0);
    assert_int_equal(add(PID, 1, 1, 0, "/srv/shop"), 0);
    assert_ptr_equal(get(PID)->service, service);
    assert_int_equal(process_table_live(table), 1);
    assert_int_equal(service->processes, 1);
    process_table_expire(table, 100 * NS_PER_SEC);
    assert_ptr_equal(get(PID)->service, service);
    assert_int_equal(add(PID + 1, PID, 1, 0, "comm"), 0); // a forked child of it that was gone at once
    assert_ptr_equal(get(PID + 1)->service, service);
    assert_string_equal(get(PID + 1)->exe, "/srv/shop");
    process_table_exit(table, PID + 1, NS_PER_SEC);
    assert_int_equal(add(PID, 1, 2, 80, "shop"), 0); // another process, of which no more is known
    assert_string_equal(get(PID)->service->name, "shop");
    assert_int_equal(service->processes, 0);
}

// Of processes that nobody tells of, what they said is forgotten again.
static void environments_of_nobody(void **state)
{
    for (uint32_t i = 0; i < 20; i++)
        says(PID + i, 1, "x", "");
    assert_int_equal(add(PID + 19, 1, 1, 80, "/srv/shop"), 0);
    assert_string_equal(get(PID + 19)->service->name, "x");
    process_table_expire(table, 11 * NS_PER_SEC + 1);
    for (uint32_t i = 0; i < 7; i++)
        assert_int_equal(add(PID + i, 1, 1, 80, "/srv/shop"), 0);
    assert_string_equal(get(PID + 5)->service->name, "shop");
    says(PID + 7, 1, "", ""); // nothing to remember
    assert_int_equal(add(PID + 20, 1, 1, 80, "/srv/shop"), -ENOSPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_process),   TEST(updates),      TEST(exits),      TEST(walks),     TEST(full),
        TEST(services_full), TEST(environments), TEST(executions), TEST(told_late), TEST(environments_of_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
