// The loader's rules as tables: what is parsed, what is refused, who is selected, by which bits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "common/lib/cleanup.h"
#include "loader/rules.c"

#define OPTIONS_MAX 6

struct given {
    const char *name, *value;
};

static struct rules rules;

static const char *rules_read(const struct given *given)
{
    const char *wrong = NULL;
    memset(&rules, 0, sizeof rules);
    for (unsigned i = 0; i < OPTIONS_MAX && given[i].name && !wrong; i++)
        wrong = rules_add(&rules, given[i].name, given[i].value);
    rules_finish(&rules);
    return wrong;
}

static void test_what_is_refused(void **state)
{
    static const struct given rows[] = {
        {"port", ""},
        {"port", "0"},
        {"port", "65536"},
        {"port", "8080,"},
        {"port", ",8080"},
        {"port", "9010-9000"},
        {"port", "80x"},
        {"port", "-1"},
        {"port", "1-"},
        {"port", "80-90-100"},
        {"port", "99999999999999999999"},
        {"pid", "0"},
        {"pid", "4194305"},
        {"pid", "1 2"},
        {"pid", "me"},
        {"pid", "1,,2"},
        {"exe", ""},
        {"exe", ","},
        {"exe", "a,"},
        {"unit", ""},
        {"cgroup", ""},
        {"rule", ""},
        {"rule", "exe"},
        {"rule", "exe="},
        {"rule", "exe=a port="},
        {"rule", "exe=a port=0"},
        {"rule", "ex=a port=1"},
        {"rule", "exe=a b"},
        {"rule", "containers_only=1"},
        {"rule", "exe=a containers_only=yes"},
        {"rule", "=a"},
        {"rule", "exe=a ports=1"},
        {"exclude-rule", "exe=a,"},
        {"exclude-port", "a"},
    };
    for (unsigned i = 0; i < array_size(rows); i++)
        if (rules_read((struct given[OPTIONS_MAX]){rows[i]}) != expected)
            fail_msg("%s = %s was not refused as expected", rows[i].name, rows[i].value);
    static const char *const unknown[] = {"containers_only", "ports", "exclude-", "exclude-exclude-port", "rules", ""};
    for (unsigned i = 0; i < array_size(unknown); i++)
        assert_ptr_equal(rules_add(&rules, unknown[i], "1"), unknown[i]);
    assert_string_equal(rules_add(&rules, "port", NULL), "a value");
    assert_string_equal(rules_add(&rules, "rule", NULL), "a value");
}

static void test_limits(void **state)
{
    char text[RULES_TEXT_MAX];
    memset(&rules, 0, sizeof rules);
    for (unsigned i = 0; i < RULES_MAX - RULES_PLAIN; i++)
        assert_null(rules_add(&rules, "rule", "exe=a unit=b"));
    assert_string_equal(rules_add(&rules, "rule", "exe=a unit=b"), "52 rules of several fields at most");
    assert_null(rules_add(&rules, "rule", "exe=a")); // as the plain option
    memset(&rules, 0, sizeof rules);
    for (unsigned i = 0; i < RULES_ITEMS_MAX; i++)
        assert_null(rules_add(&rules, "exe", "a"));
    assert_string_equal(rules_add(&rules, "exe", "a"), "512 names, and 16 KiB of them, at most");
    memset(&rules, 0, sizeof rules);
    memset(text, 'x', sizeof text);
    text[RULES_TEXT_MAX - 2] = 0;
    assert_null(rules_add(&rules, "exe", text));
    assert_string_equal(rules_add(&rules, "exe", "a"), "512 names, and 16 KiB of them, at most");
    memset(&rules, 0, sizeof rules);
    for (unsigned i = 0; i < POLICY_BITS; i++)
        assert_null(rules_add(&rules, "rule", i % 2 ? "exe=a port=1" : "exe=a pid=1"));
    assert_string_equal(rules_add(&rules, "rule", "exe=a port=1"), "8 rules with ports or pids at most");
    assert_string_equal(rules_add(&rules, "port", "1"), "8 rules with ports or pids at most");
    // A field of a rule that is too long is refused, never cut.
    memset(text, 'x', sizeof text);
    memcpy(text, "exe=", 4);
    text[4 + 1022] = 0;
    assert_null(rules_add(&rules, "rule", text));
    assert_int_equal(strlen(rules.text + rules.item[rules.item_count - 1].text), 1022);
    text[4 + 1022] = 'x';
    text[4 + 1023] = 0;
    assert_non_null(rules_add(&rules, "rule", text));
    assert_null(rules_add(&rules, "rule", "exe=a unit=b"));
}

// What goes to the kernel side.
static void test_policy(void **state)
{
    static const struct {
        struct given given[OPTIONS_MAX];
        uint8_t all, names, cgroups, open, excluding, lineage, port_80;
    } rows[] = {
        {{{NULL, NULL}}, 1, 1, 0, 0, 0, 0, 0},
        {{{"exclude-exe", "a"}}, 1, 1, 0, 0, 0, 0, 0},
        {{{"port", "79-81"}}, 0, 0, 0, 1, 0, 0, 1},
        {{{"port", "79"}, {"port", "80"}}, 0, 0, 0, 1, 0, 0, 1},
        {{{"rule", "port=79,80"}, {"port", "1"}}, 0, 0, 0, 1, 0, 0, 1},
        {{{"exclude-port", "80"}}, 1, 1, 0, 1, 1, 0, 1},
        {{{"port", "80"}, {"exclude-port", "80"}}, 0, 0, 0, 3, 2, 0, 3},
        {{{"exe", "a"}}, 0, 1, 0, 0, 0, 0, 0},
        {{{"unit", "a"}}, 0, 1, 1, 0, 0, 0, 0},
        {{{"exclude-cgroup", "a"}}, 1, 1, 1, 0, 0, 0, 0},
        {{{"pid", "7"}, {"exclude-pid", "8"}}, 0, 1, 0, 0, 0, 3, 0},
        {{{"port", "81"}, {"rule", "exe=a port=80"}, {"exclude-rule", "unit=b port=80"}}, 0, 1, 1, 1, 4, 0, 6},
        {{{"rule", "exe=a port=80 pid=9"}}, 0, 1, 0, 0, 0, 2, 1},
        {{{"rule", "containers_only port=80"}}, 0, 1, 0, 0, 0, 0, 1},
        {{{"rule", "containers_only"}}, 0, 1, 0, 0, 0, 0, 0},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        const struct policy *policy = &rules.policy;
        assert_null(rules_read(rows[i].given));
        const uint8_t seen[] = {policy->all,       policy->names,   policy->cgroups,  policy->open,
                                policy->excluding, policy->lineage, policy->ports[80]};
        if (memcmp(seen, &rows[i].all, sizeof seen) != 0)
            fail_msg("row %u: all %u names %u cgroups %u open %u excluding %u lineage %u port 80 %u", i, seen[0],
                     seen[1], seen[2], seen[3], seen[4], seen[5], seen[6]);
        assert_int_equal(policy->ports[78] | policy->ports[0] | policy->ports[65535], 0);
    }
}

static void test_who_is_selected(void **state)
{
    enum { NO, YES, OUT }; // OUT: excluded
    static const struct {
        struct given given[OPTIONS_MAX];
        const char *exe, *cgroup;
        uint32_t pid;
        uint8_t lineage;
        bool contained;
        int expected;
        uint8_t bits;
    } rows[] = {
        {{{NULL, NULL}}, "/bin/x", "/", 7, 0, false, YES, 0},
        {{{"exe", "x"}}, "/bin/x", "/", 7, 0, false, YES, 0},
        {{{"exe", "y,x"}}, "/bin/x", "/", 7, 0, false, YES, 0},
        {{{"exe", "bin/x"}}, "/bin/x", "/", 7, 0, false, NO, 0},
        {{{"exe", "/bin/*"}}, "/bin/x", "/", 7, 0, false, YES, 0},
        {{{"exe", "*java*"}}, "/usr/lib/jvm/bin/java", "/", 7, 0, false, YES, 0},
        {{{"exe", "x"}}, "x", "/", 7, 0, false, YES, 0},
        {{{"exe", "x"}, {"exclude-exe", "/bin/x"}}, "/bin/x", "/", 7, 0, false, OUT, 0},
        {{{"exclude-exe", "y"}}, "/bin/x", "/", 7, 0, false, YES, 0},
        // units
        {{{"unit", "shop"}}, "/x", "/system.slice/shop.service", 7, 0, false, YES, 0},
        {{{"unit", "shop"}}, "/x", "/system.slice/shop.service/sub/sub", 7, 0, false, YES, 0},
        {{{"unit", "shop"}}, "/x", "/shop/x", 7, 0, false, NO, 0},
        {{{"unit", "shop"}}, "/x", "/system.slice/webshop.service", 7, 0, false, NO, 0},
        {{{"unit", "shop"}}, "/x", "/system.slice/shop.service2", 7, 0, false, NO, 0},
        {{{"unit", "shop*"}}, "/x", "/system.slice/shop@1.service", 7, 0, false, YES, 0},
        {{{"unit", "shop*"}}, "/x", "/shop.slice/other.service", 7, 0, false, NO, 0},
        {{{"unit", "shop.slice"}}, "/x", "/shop.slice/other.service", 7, 0, false, YES, 0},
        {{{"unit", "app-*.service"}},
         "/x",
         "/user.slice/user-1.slice/user@1.service/app.slice/app-a.service",
         7,
         0,
         false,
         YES,
         0},
        {{{"unit", "user@1"}},
         "/x",
         "/user.slice/user-1.slice/user@1.service/app.slice/app-a.service",
         7,
         0,
         false,
         YES,
         0},
        {{{"unit", "*.scope"}}, "/x", "/user.slice/session-3.scope", 7, 0, false, YES, 0},
        {{{"unit", "shop"}}, "/x", "/", 7, 0, false, NO, 0},
        {{{"unit", "shop"}}, "/x", "", 7, 0, false, NO, 0},
        {{{"exclude-unit", "shop"}}, "/x", "/system.slice/shop.service", 7, 0, false, OUT, 0},
        // cgroups
        {{{"cgroup", "/kubepods*"}}, "/x", "/kubepods.slice/pod1/c", 7, 0, false, YES, 0},
        {{{"cgroup", "/system.slice"}}, "/x", "/system.slice/shop.service", 7, 0, false, YES, 0},
        {{{"cgroup", "system.slice/shop.service"}}, "/x", "/system.slice/shop.service", 7, 0, false, YES, 0},
        {{{"cgroup", "/system.slic"}}, "/x", "/system.slice/shop.service", 7, 0, false, NO, 0},
        {{{"cgroup", "shop.service"}}, "/x", "/system.slice/shop.service", 7, 0, false, NO, 0},
        {{{"cgroup", "*shop*"}}, "/x", "/system.slice/shop.service", 7, 0, false, YES, 0},
        {{{"cgroup", "/"}}, "/x", "/", 7, 0, false, YES, 0},
        // pids
        {{{"pid", "7"}}, "/x", "/", 7, 0, false, YES, 1},
        {{{"pid", "8"}}, "/x", "/", 7, 0, false, NO, 0},
        {{{"pid", "8"}}, "/x", "/", 7, 1, false, YES, 1},
        {{{"exclude-pid", "8"}}, "/x", "/", 7, 1, false, OUT, 1},
        {{{"pid", "8"}, {"exclude-pid", "7"}}, "/x", "/", 7, 1, false, OUT, 3},
        {{{"rule", "pid=8 exe=y"}}, "/x", "/", 7, 1, false, NO, 1}, // a child of it may execute y
        {{{"rule", "pid=8 exe=y"}, {"rule", "pid=9 exe=x"}}, "/x", "/", 7, 1, false, NO, 1},
        // ports: a bit, and no more
        {{{"port", "80"}}, "/x", "/", 7, 0, false, NO, 1},
        {{{"rule", "exe=x port=80"}}, "/x", "/", 7, 0, false, NO, 1},
        {{{"rule", "exe=y port=80"}}, "/x", "/", 7, 0, false, NO, 0},
        {{{"rule", "exe=y port=80"}, {"rule", "exe=x port=81"}}, "/x", "/", 7, 0, false, NO, 2},
        {{{"rule", "exe=x port=80"}, {"exe", "x"}}, "/x", "/", 7, 0, false, YES, 1},
        {{{"exclude-rule", "exe=x port=80"}}, "/x", "/", 7, 0, false, YES, 1},
        // fields of a rule are and-ed, rules or-ed, excludes win
        {{{"rule", "exe=x unit=shop"}}, "/x", "/shop.service", 7, 0, false, YES, 0},
        {{{"rule", "exe=x unit=shop"}}, "/x", "/other.service", 7, 0, false, NO, 0},
        {{{"rule", "exe=y unit=shop"}}, "/x", "/shop.service", 7, 0, false, NO, 0},
        {{{"rule", "exe=y unit=shop"}, {"rule", "exe=x\tcgroup=/a,/b  containers_only"}},
         "/x",
         "/b/c",
         7,
         0,
         true,
         YES,
         0},
        {{{"rule", "exe=y unit=shop"}, {"rule", "exe=x cgroup=/a,/b containers_only"}},
         "/x",
         "/b/c",
         7,
         0,
         false,
         NO,
         0},
        {{{"rule", "exe=x"}, {"exclude-rule", "containers_only"}}, "/x", "/", 7, 0, true, OUT, 0},
        {{{"rule", "exe=x"}, {"exclude-rule", "containers_only"}}, "/x", "/", 7, 0, false, YES, 0},
        {{{"rule", "exe=x"}, {"exclude-rule", "exe=x unit=shop"}}, "/x", "/shop.service", 7, 0, false, OUT, 0},
        {{{"rule", "exe=x"}, {"exclude-rule", "exe=x unit=shop"}}, "/x", "/other.service", 7, 0, false, YES, 0},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        struct process_event event = {.pid = rows[i].pid};
        strcpy(event.cgroup, rows[i].cgroup);
        assert_null(rules_read(rows[i].given));
        struct rules_verdict verdict = rules_judge(&rules, &event, rows[i].exe, rows[i].lineage, rows[i].contained);
        int seen = verdict.excluded ? OUT : verdict.selected ? YES : NO;
        if (seen != rows[i].expected || verdict.bits != rows[i].bits)
            fail_msg("row %u (%s = %s): %d, bits %u; expected %d, bits %u", i, rows[i].given[0].name,
                     rows[i].given[0].value, seen, verdict.bits, rows[i].expected, rows[i].bits);
    }
}

// Descendants stay known over a reload if the same pids have the same bits.
static void test_lineages(void **state)
{
    static const struct {
        struct given a[OPTIONS_MAX], b[OPTIONS_MAX];
        bool same;
    } rows[] = {
        {{{"pid", "7"}}, {{"pid", "7"}}, true},
        {{{"pid", "7"}}, {{"pid", "7"}, {"exe", "a"}, {"port", "80"}}, true},
        {{{"pid", "7"}}, {{"pid", "8"}}, false},
        {{{"pid", "7"}}, {{"pid", "7,8"}}, false},
        {{{"pid", "7"}}, {{"port", "80"}, {"pid", "7"}}, false}, // another bit
        {{{"pid", "7"}}, {{NULL, NULL}}, false},
        {{{"exe", "a"}}, {{NULL, NULL}}, true},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_null(rules_read(rows[i].a));
        uint64_t lineages = rules.lineages;
        assert_null(rules_read(rows[i].b));
        if ((lineages == rules.lineages) != rows[i].same)
            fail_msg("row %u", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_limits),   cmocka_unit_test(test_policy),
        cmocka_unit_test(test_who_is_selected), cmocka_unit_test(test_lineages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
