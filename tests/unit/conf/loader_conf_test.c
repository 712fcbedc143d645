// loader.conf from rules: plain selectors, combined rules, excludes, and globs that would break a line.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include "collector/conf/config.h"
#include "collector/conf/loader_conf.h"

static struct complaint complaint;
static struct loader_conf conf;

static int convert(const char *text, bool rules, bool excludes)
{
    static struct collector_options options;
    memset(&options, 0, sizeof options);
    memset(&complaint, 0, sizeof complaint);
    assert_int_equal(config_parse(&options, "f", str_from(text), &complaint), 0);
    int r = loader_conf_write(&options.file, rules, excludes, &conf);
    options_release(&options);
    return r;
}

static void test_rules(void **state)
{
    static const struct {
        const char *text, *conf;
    } rows[] = {
        {"", ""},
        {"discovery: {rules: []}", ""},
        {"discovery: {rules: [{ports: 8080}]}", "port = 8080\n"},
        {"discovery: {rules: [{ports: [8080, 9000-9010], name: shop}]}", "port = 8080,9000-9010\n"},
        {"discovery: {rules: [{exe: [a, '/b/*']}, {pid: 7}, {unit: u}, {cgroup: c}]}",
         "exe = a,/b/*\npid = 7\nunit = u\ncgroup = c\n"},
        {"discovery: {rules: [{exe: '*java*', ports: [1, 2]}]}", "rule = port=1,2 exe=*java*\n"},
        {"discovery: {rules: [{containers_only: true}]}", "rule = containers_only\n"},
        {"discovery: {rules: [{unit: u, containers_only: true}]}", "rule = unit=u containers_only\n"},
        {"discovery: {rules: [{unit: u, containers_only: false}]}", "unit = u\n"},
        {"discovery: {exclude: [{exe: p}, {exe: q, ports: 1}]}", "exclude-exe = p\nexclude-rule = port=1 exe=q\n"},
        {"discovery: {rules: [{exe: 'a b,c#d=e'}]}", "exe = a?b?c?d?e\n"},
        // A rule that says nothing of the process is for all of them.
        {"discovery: {rules: [{exe: a}, {name: all}], exclude: [{exe: b}]}", "exclude-exe = b\n"},
        {"discovery: {rules: [{exe: a, ports: []}]}", "exe = a\n"},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(convert(rows[i].text, true, true), 0);
        assert_string_equal(conf.text, rows[i].conf);
        assert_int_equal(conf.size, strlen(rows[i].conf));
    }
    static const char both[] = "discovery: {rules: [{exe: a}], exclude: [{exe: b}]}";
    assert_int_equal(convert(both, true, false), 0);
    assert_string_equal(conf.text, "exe = a\n");
    assert_int_equal(convert(both, false, true), 0);
    assert_string_equal(conf.text, "exclude-exe = b\n");
}

// What the loader has no room for is said here, with its place.
static void test_too_much(void **state)
{
    static const struct {
        unsigned good; // so many rules are taken, one more is not
        const char *rule, *error;
    } rows[] = {
        {52, "{exe: a, unit: b}", "f:55:5: discovery.rules[52]: expected at most 52 rules of several fields"},
        {7, "{exe: a, ports: 80}",
         "f:10:5: discovery.rules[7]: expected at most 7 rules that have ports or pid beside other fields; those with "
         "ports alone, or pid alone, are one"},
        {3, "{pid: 1, ports: 80}",
         "f:6:5: discovery.rules[3]: expected at most 7 rules that have ports or pid beside other fields; those with "
         "ports alone, or pid alone, are one"},
        {511, "{exe: a}", "f:514:5: discovery.rules[511]: expected at most 511 names and pids in all rules"},
        {1000, "{ports: 80-90}", NULL},
    };
    static char text[100000];
    for (unsigned i = 0; i < array_size(rows); i++)
        for (unsigned more = 0; more < 2; more++) {
            size_t n = (size_t)sprintf(text, "discovery:\n  rules:\n");
            for (unsigned j = 0; j < rows[i].good + more; j++)
                n += (size_t)sprintf(text + n, "  - %s\n", rows[i].rule);
            assert_int_equal(convert(text, true, true), more && rows[i].error ? -EINVAL : 0);
            if (more && rows[i].error)
                assert_string_equal(complaint.error, rows[i].error);
        }
}

static void test_too_long(void **state)
{
    static char text[400000];
    size_t n = (size_t)sprintf(text, "discovery:\n  rules:\n");
    for (unsigned i = 0; i < 300; i++)
        n += (size_t)sprintf(text + n, "  - exe: %0250u\n", i);
    assert_int_equal(convert(text, true, true), -EINVAL);
    assert_string_equal(complaint.error,
                        "f:64:5: discovery.rules[61]: expected at most 16000 bytes of names in all rules");

    n = (size_t)sprintf(text, "discovery:\n  rules:\n");
    for (unsigned i = 0; i < 8000; i++)
        n += (size_t)sprintf(text + n, "  - ports: 1\n");
    assert_int_equal(convert(text, true, true), -EINVAL);
    assert_string_equal(complaint.error, "f:2:3: discovery: expected at most 65536 bytes of rules");

    n = (size_t)sprintf(text, "discovery: {rules: [{unit: u, exe: [");
    for (unsigned i = 0; i < 5; i++)
        n += (size_t)sprintf(text + n, "%0250u, ", i);
    sprintf(text + n, "x]}]}");
    assert_int_equal(convert(text, true, true), -EINVAL);
    assert_string_equal(complaint.error,
                        "f:1:36: discovery.rules[0].exe: expected at most 1000 bytes beside another field");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules), cmocka_unit_test(test_too_much),
                                       cmocka_unit_test(test_too_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
