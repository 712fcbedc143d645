// Which processes a naming rule means.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/meta/naming_rule.h"
#include "common/lib/cleanup.h"

#define LIST(...)                                                                                                      \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define PORTS(...)                                                                                                     \
    (const struct naming_ports[])                                                                                      \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }
#define PIDS(...)                                                                                                      \
    (const uint32_t[])                                                                                                 \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static const uint32_t lineage[] = {300, 200, 1};
static const uint16_t ports[] = {8080, 9443};

// A process with everything that a rule can ask for.
static const struct naming_subject subject = {
    .exe = {"/srv/app/shop (deleted)", 23},
    .unit = {"shop@1.service", 14},
    .cgroup = {"/system.slice/shop@1.service/worker", 35},
    .lineage = lineage,
    .lineage_count = array_size(lineage),
    .ports = ports,
    .port_count = array_size(ports),
};

static const struct {
    const char *what;
    struct naming_rule rule;
    bool matches;
} cases[] = {
    {"nothing asked", {0}, true},
    {"a port", {.ports = PORTS({8080, 8080}), .port_count = 1}, true},
    {"ranges", {.ports = PORTS({1, 80}, {9000, 9443}), .port_count = 2}, true},
    {"beside a range", {.ports = PORTS({8081, 9442}), .port_count = 1}, false},
    {"base name", {.exe = LIST("sh*p"), .exe_count = 1}, true},
    {"base name of one only", {.exe = LIST("app", "shop"), .exe_count = 2}, true},
    {"full path", {.exe = LIST("/srv/*/shop"), .exe_count = 1}, true},
    {"not the path by its base", {.exe = LIST("*app*"), .exe_count = 1}, false},
    {"itself", {.pids = PIDS(300), .pid_count = 1}, true},
    {"its parent", {.pids = PIDS(7, 200), .pid_count = 2}, true},
    {"nobody of its", {.pids = PIDS(7), .pid_count = 1}, false},
    {"unit", {.units = LIST("shop@*"), .unit_count = 1}, true},
    {"unit in full", {.units = LIST("shop@1.service"), .unit_count = 1}, true},
    {"unit without its type", {.units = LIST("shop@1"), .unit_count = 1}, true},
    {"part of a unit", {.units = LIST("shop"), .unit_count = 1}, false},
    {"cgroup", {.cgroups = LIST("/system.slice/*/worker"), .cgroup_count = 1}, true},
    {"a parent cgroup", {.cgroups = LIST("/system.slice"), .cgroup_count = 1}, true},
    {"half a cgroup's name", {.cgroups = LIST("/system"), .cgroup_count = 1}, false},
    {"no container", {.containers_only = true}, false},
    {"all of them",
     {.ports = PORTS({9443, 9443}),
      .port_count = 1,
      .exe = LIST("shop"),
      .exe_count = 1,
      .units = LIST("*"),
      .unit_count = 1},
     true},
    {"all but one",
     {.ports = PORTS({9443, 9443}),
      .port_count = 1,
      .exe = LIST("shop"),
      .exe_count = 1,
      .units = LIST("x"),
      .unit_count = 1},
     false},
};

static void matching(void **state)
{
    for (size_t i = 0; i < array_size(cases); i++)
        if (naming_rule_matches(&cases[i].rule, &subject) != cases[i].matches)
            fail_msg("%s: expected %d", cases[i].what, cases[i].matches);
}

// Of a process of which nothing is known only a rule that asks for nothing is true.
static void unknown(void **state)
{
    const struct naming_subject nobody = {.exe = {"", 0}, .container = true};
    for (size_t i = 0; i < array_size(cases); i++) {
        const struct naming_rule *rule = &cases[i].rule;
        bool asks = rule->port_count + rule->exe_count + rule->pid_count + rule->unit_count + rule->cgroup_count;
        if (naming_rule_matches(rule, &nobody) == asks)
            fail_msg("%s", cases[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(matching), cmocka_unit_test(unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
