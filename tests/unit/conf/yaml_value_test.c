// Typed values of a YAML document: what each accepts, and every message with its place and path.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include "collector/conf/yaml.h"

static struct complaint complaint;
static struct yaml yaml;

// The value of `v` in a one-line document.
static const struct yaml_node *value_of(const char *text)
{
    memset(&complaint, 0, sizeof complaint);
    assert_int_equal(yaml_read(&yaml, "f", str_from(text), &complaint), 0);
    for (const struct yaml_node *node = yaml.root->first; node; node = node->next)
        if (str_equal(node->key, STR("v")))
            return node;
    fail();
    return NULL;
}

static void test_good(void **state)
{
    static const char *const names[] = {"cumulative", "delta", NULL};
    const char *text = NULL;
    bool truth = false;
    uint64_t number = 0;
    unsigned choice = 0;
    assert_int_equal(yaml_text(&yaml, value_of("v: 17"), 1, 5, "a name", &text), 0);
    assert_string_equal(text, "17");
    yaml_release(&yaml);
    assert_int_equal(yaml_boolean(&yaml, value_of("v: True"), &truth), 0);
    assert_true(truth);
    yaml_release(&yaml);
    assert_int_equal(yaml_number(&yaml, value_of("v: 65535"), 1, 65535, &number), 0);
    assert_int_equal(number, 65535);
    yaml_release(&yaml);
    assert_int_equal(yaml_duration(&yaml, value_of("v: 1h30m"), 0, UINT64_MAX, &number), 0);
    assert_int_equal(number, 5400000000000);
    yaml_release(&yaml);
    assert_int_equal(yaml_choice(&yaml, value_of("v: Delta"), names, &choice), 0);
    assert_int_equal(choice, 1);
    assert_int_equal(yaml_expect(&yaml, yaml.root, YAML_MAP), 0);
    yaml_release(&yaml);
    assert_int_equal(complaint.errors, 0);
}

enum type { TEXT, BOOLEAN, NUMBER, DURATION, CHOICE, MAP, SCALAR };

static int take(enum type type, const struct yaml_node *node)
{
    static const char *const names[] = {"text", "json", "none", NULL};
    const char *text;
    bool truth;
    uint64_t number;
    unsigned choice;
    switch (type) {
    case TEXT:
        return yaml_text(&yaml, node, 1, 5, "a path", &text);
    case BOOLEAN:
        return yaml_boolean(&yaml, node, &truth);
    case NUMBER:
        return yaml_number(&yaml, node, 1, 10, &number);
    case DURATION:
        return yaml_duration(&yaml, node, 1000000, 90000000000, &number);
    case CHOICE:
        return yaml_choice(&yaml, node, names, &choice);
    case MAP:
        return yaml_expect(&yaml, node, YAML_MAP);
    case SCALAR:
        return yaml_expect(&yaml, node, YAML_SCALAR);
    }
    return 0;
}

static void test_bad(void **state)
{
    static const struct {
        enum type type;
        const char *text, *error;
    } rows[] = {
        {TEXT, "v: [1]", "f:1:4: v: expected a path, not a list"},
        {TEXT, "v: ''", "f:1:4: v: expected a path of 1 to 5 bytes, not 0"},
        {TEXT, "v: toolong", "f:1:4: v: expected a path of 1 to 5 bytes, not 7"},
        {TEXT, "v: \"a\\nb\"", "f:1:4: v: expected a path in one line, without control characters"},
        {BOOLEAN, "v: yes", "f:1:4: v: expected true or false, not yes"},
        {BOOLEAN, "v: 'true'", "f:1:4: v: expected true or false, not \"true\""},
        {BOOLEAN, "v:", "f:1:3: v: expected true or false, not nothing"},
        {NUMBER, "v: 11", "f:1:4: v: expected a number from 1 to 10, not 11"},
        {NUMBER, "v: '5'", "f:1:4: v: expected a number from 1 to 10, not \"5\""},
        {NUMBER, "v: {a: 1}", "f:1:4: v: expected a number from 1 to 10, not a map"},
        {NUMBER, "v: \"\\e[2J\"", "f:1:4: v: expected a number from 1 to 10, not \"\xef\xbf\xbd[2J\""},
        {DURATION, "v: 60", "f:1:4: v: expected a duration such as 500ms, 60s or 1h30m, from 1ms to 1m30s, not 60"},
        {DURATION, "v: 2m", "f:1:4: v: expected a duration such as 500ms, 60s or 1h30m, from 1ms to 1m30s, not 2m"},
        {CHOICE, "v: xml", "f:1:4: v: expected text, json or none, not xml"},
        {CHOICE, "v: [text]", "f:1:4: v: expected text, json or none, not a list"},
        {MAP, "u: 1\nv: 012345678901234567890123456789012345678901",
         "f:2:4: v: expected a map of keys and values, not 0123456789012345678901234567890123456789..."},
        {SCALAR, "v: {}", "f:1:4: v: expected a single value, not a map"},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(take(rows[i].type, value_of(rows[i].text)), -EINVAL);
        assert_string_equal(complaint.error, rows[i].error);
        yaml_release(&yaml);
    }
}

static void test_paths(void **state)
{
    const struct yaml_node *list = value_of("v:\n  - 1\n  - {a b: {c: 2}}\n");
    const struct yaml_node *deep = list->first->next->first->first;
    assert_int_equal(yaml_error(&yaml, deep, "no"), -EINVAL);
    assert_int_equal(yaml_error_key(&yaml, deep, "no"), -EINVAL);
    assert_int_equal(yaml_error_key(&yaml, yaml.root, "%s", "whole"), -EINVAL);
    assert_string_equal(complaint.error, "f:3:15: v[1].a b.c: no\nf:3:12: v[1].a b.c: no\nf:1:1: whole");
    assert_int_equal(complaint.errors, 3);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(yaml_error(&yaml, deep, "%200u", i), -EINVAL);
    assert_int_equal(complaint.errors, 1003); // counted, though not all fit
    assert_true(strlen(complaint.error) < COMPLAINT_ERROR_MAX);
    yaml_release(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
