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

static void test_too_long(void **state)
{
    static char text[400000];
    size_t n = (size_t)sprintf(text, "discovery:\n  rules:\n");
    for (unsigned i = 0; i < 300; i++)
        n += (size_t)sprintf(text + n, "  - exe: %0250u\n", i);
    assert_int_equal(convert(text, true, true), -EINVAL);
    assert_string_equal(complaint.error, "f:2:3: discovery: expected at most 65536 bytes of rules");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules), cmocka_unit_test(test_too_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
