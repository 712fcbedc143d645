// A YAML document as a tree: shape, places, bounds, and every message about a file that is no good.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include "collector/conf/yaml.h"

static struct complaint complaint;
static struct yaml yaml;

static int read_bytes(struct str bytes)
{
    memset(&complaint, 0, sizeof complaint);
    return yaml_read(&yaml, "f.yaml", bytes, &complaint);
}

static int read_text(const char *text)
{
    return read_bytes(str_from(text));
}

static void test_shape(void **state)
{
    assert_int_equal(read_text("\xef\xbb\xbf# a comment\r\n"
                               "log:\r\n"
                               "  level: info\r\n"
                               "ports: [8080, '9000-9010']\r\n"
                               "rules:\r\n"
                               "  - exe: \"*j\\u00e4va*\"\r\n"
                               "    name: ~\r\n"
                               "  - plain\r\n"),
                     0);
    const struct yaml_node *root = yaml.root, *log = yaml_get(root, STR("log"));
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->children, 3);
    assert_ptr_equal(log->parent, root);
    const struct yaml_node *level = yaml_get(log, STR("level"));
    assert_string_equal(level->text.p, "info");
    assert_string_equal(level->key.p, "level");
    assert_int_equal(level->line, 3);
    assert_int_equal(level->column, 10);
    assert_int_equal(level->key_line, 3);
    assert_int_equal(level->key_column, 3);

    const struct yaml_node *port = yaml_get(root, STR("ports"))->first;
    assert_true(!port->quoted && port->next->quoted && !port->next->next);
    assert_string_equal(port->next->text.p, "9000-9010");
    assert_int_equal(port->next->column, 15);

    const struct yaml_node *rule = yaml_get(root, STR("rules"))->first;
    assert_int_equal(rule->kind, YAML_MAP);
    assert_string_equal(yaml_get(rule, STR("exe"))->text.p, "*j\xc3\xa4va*");
    assert_int_equal(rule->children, 2);
    assert_null(yaml_get(rule, STR("name"))); // null: as if it were not there
    assert_int_equal(rule->first->next->kind, YAML_NULL);
    assert_null(yaml_get(rule->next, STR("name")));
    assert_null(yaml_get(NULL, STR("name")));
    yaml_release(&yaml);
}

static void test_empty(void **state)
{
    static const char *const rows[] = {"", "\xef\xbb\xbf", "# only a comment\n", "\r\n\r\n", "---\n...\n"};
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(read_text(rows[i]), 0);
        assert_true(!yaml.root || yaml.root->kind == YAML_NULL);
        yaml_release(&yaml);
    }
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"a: 1\nb: [1, 2\nc: 3\n",
         "f.yaml:3:2: did not find expected ',' or ']' while parsing a flow sequence that begins in line 2"},
        {"a:\n\tb: 1\n",
         "f.yaml:2:1: found character that cannot start any token while scanning for the next token; expected spaces, "
         "not a tab"},
        {"\xc3\xa4: `[", "f.yaml:1:4: found character that cannot start any token while scanning for the next token"},
        {"a: 'x\n", "f.yaml:2:1: found unexpected end of stream while scanning a quoted scalar that begins in line 1"},
        {"a: b: c\n", "f.yaml:1:5: mapping values are not allowed in this context"},
        {"a: 1\n b: 2\n", "f.yaml:2:3: mapping values are not allowed in this context"},
        {"k: &x [1]\nl: *x\n", "f.yaml:2:4: an alias (*NAME); expected the value itself"},
        {"a: !!str 1\n", "f.yaml:1:4: a tag (!...); expected a plain value"},
        {"a: !x [1]\n", "f.yaml:1:4: a tag (!...); expected a plain value"},
        {"a: !x {b: 1}\n", "f.yaml:1:4: a tag (!...); expected a plain value"},
        {"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document; expected one"},
        {"? [a]\n: 1\n", "f.yaml:1:3: a list or map as a key; expected a word"},
        {"? {a: b}\n: 1\n", "f.yaml:1:3: a list or map as a key; expected a word"},
        {"'': 1\n", "f.yaml:1:1: an empty key; expected a word"},
        {"\"a\\0b\": 1\n", "f.yaml:1:1: a NUL in a key; expected text"},
        {"a: \"b\\0c\"\n", "f.yaml:1:4: a NUL in a text; expected none"},
        {"a: 1\n\xc3\xa4: 1\nb: \xc3\xa4\xff\n", "f.yaml:3:5: invalid leading UTF-8 octet; expected text in UTF-8"},
        {"a: \x01\n", "f.yaml:1:4: control characters are not allowed; expected text in UTF-8"},
        {"\xff\xfe"
         "a",
         "f.yaml:1:1: invalid leading UTF-8 octet; expected text in UTF-8"},
        {"a: 1\nb: 2\na: 3\nb:\n  c: 1\n  c: 1\n",
         "f.yaml:3:1: a: stands here for the second time; the first is in line 1\n"
         "f.yaml:4:1: b: stands here for the second time; the first is in line 2\n"
         "f.yaml:6:3: c: stands here for the second time; the first is in line 5"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "f.yaml:1:17: nested too deep; expected at most 16 levels"},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(read_text(rows[i].text), -EINVAL);
        assert_string_equal(complaint.error, rows[i].error);
        assert_null(yaml.root);
    }
}

// What would grow without end elsewhere.
static void test_bounds(void **state)
{
    static char text[YAML_SIZE_MAX + 2];
    memset(text, '#', YAML_SIZE_MAX + 1);
    assert_int_equal(read_bytes((struct str){text, YAML_SIZE_MAX}), 0);
    yaml_release(&yaml);
    assert_int_equal(read_bytes((struct str){text, YAML_SIZE_MAX + 1}), -EINVAL);
    assert_string_equal(complaint.error, "f.yaml:1:1: longer than 1048576 bytes");

    size_t n = 0;
    for (unsigned i = 0; i < YAML_NODES_MAX; i++)
        n += (size_t)sprintf(text + n, "- 1\n");
    assert_int_equal(read_bytes((struct str){text, n}), -EINVAL);
    assert_string_equal(complaint.error, "f.yaml:32768:3: too much in one file; expected at most 32768 values");
    assert_int_equal(read_bytes((struct str){text, n - 4}), 0);
    assert_int_equal(yaml.root->children, YAML_NODES_MAX - 1);
    yaml_release(&yaml);

    n = 0;
    for (unsigned i = 0; i <= YAML_KEYS_MAX; i++)
        n += (size_t)sprintf(text + n, "k%u: 1\n", i);
    assert_int_equal(read_bytes((struct str){text, n}), -EINVAL);
    assert_string_equal(complaint.error, "f.yaml:1025:1: too many keys; expected at most 1024");

    // Characters that grow when they are read.
    n = (size_t)sprintf(text, "a: \"");
    for (unsigned i = 0; i < 1000; i++)
        n += (size_t)sprintf(text + n, "\\L\\P");
    n += (size_t)sprintf(text + n, "\"\n");
    assert_int_equal(read_bytes((struct str){text, n}), 0);
    assert_int_equal(yaml_get(yaml.root, STR("a"))->text.n, 6000);
    yaml_release(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
