// Attributes put together: replaced, percent-decoded, cleaned, bounded.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "collector/meta/attribute_set.h"
#include "common/lib/cleanup.h"

#define S(literal)                                                                                                     \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static struct attribute_set resource;

static int setup(void **state)
{
    attribute_set_init(&resource);
    return 0;
}

// As "key=value;key=value", sorted.
static const char *shown(void)
{
    static char text[8192];
    unsigned count;
    size_t n = 0;
    struct naming_attribute *block = attribute_set_block(&resource, &count);
    text[0] = 0;
    for (unsigned i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s=%s", i ? ";" : "", block[i].key, block[i].value);
    free(block);
    return text;
}

static void lists(void **state)
{
    static const struct {
        struct str list;
        const char *expected;
    } cases[] = {
        {S("service.version=1.2,deployment.environment.name=prod"),
         "deployment.environment.name=prod;service.version=1.2"},
        {S(" a = b , c=d,"), "a=b;c=d"},
        {S("a=x%2Cy%3Dz%20%25"), "a=x,y=z %"},
        {S("gr%C3%BCn=%E2%82%AC"), "gr\xc3\xbcn=\xe2\x82\xac"},
        {S("raw=gr\xc3\xbc\xc3\x9f"), "raw=gr\xc3\xbc\xc3\x9f"},
        {S("a=1,a=2"), "a=2"},
        {S("a=b=c"), "a=b=c"},
        {S("a="), "a="},
        {S("=b,c=d"), "c=d"},
        {S("a=%,b=%2,c=%zz,d=%00,e=f"), "e=f"},
        {S("novalue,b=c"), "b=c"},
        {S("a=x%0Ay\x1b[0m%7F%C2%9B"), "a=x?y?[0m??"},
        {S("a=\xff\xfe,b=\xed\xa0\x80"), "a=??;b=???"},
        {S("a=b\0c,d=e"), "a=b?c;d=e"},
        {S(""), ""},
        {S(",,,"), ""},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        attribute_set_init(&resource);
        attribute_set_put_list(&resource, cases[i].list);
        assert_string_equal(shown(), cases[i].expected);
    }
}

static void replaced_and_removed(void **state)
{
    attribute_set_put(&resource, STR("a"), STR("1"));
    attribute_set_put(&resource, STR("ab"), STR("2"));
    attribute_set_put(&resource, STR("b"), STR("3"));
    attribute_set_put(&resource, STR("a"), STR("longer than before"));
    assert_string_equal(attribute_set_get(&resource, "a"), "longer than before");
    assert_null(attribute_set_get(&resource, "c"));
    attribute_set_remove(&resource, "a");
    assert_string_equal(shown(), "b=3");
    attribute_set_put(&resource, STR(""), STR("x"));
    assert_string_equal(shown(), "b=3");
}

static void bounded(void **state)
{
    char key[16], value[ATTRIBUTE_SET_TEXT_MAX];
    memset(value, 'v', sizeof value);
    for (unsigned i = 0; i < ATTRIBUTE_SET_MAX + 5; i++) {
        int n = snprintf(key, sizeof key, "k%u", i);
        attribute_set_put(&resource, (struct str){key, (size_t)n}, STR("x"));
    }
    assert_int_equal(resource.count, ATTRIBUTE_SET_MAX);
    attribute_set_put(&resource, STR("k3"), STR("y")); // of those that are there, others can still be said
    assert_string_equal(attribute_set_get(&resource, "k3"), "y");

    attribute_set_init(&resource);
    attribute_set_put(&resource, STR("big"), (struct str){value, sizeof value});
    assert_null(attribute_set_get(&resource, "big"));
    attribute_set_put(&resource, STR("fits"), (struct str){value, sizeof value - 6}); // and two NULs
    assert_int_equal(strlen(attribute_set_get(&resource, "fits")), sizeof value - 6);
    assert_int_equal(resource.used, ATTRIBUTE_SET_TEXT_MAX);
    attribute_set_put(&resource, STR("a"), STR(""));
    assert_int_equal(resource.count, 1);
}

static void nothing(void **state)
{
    unsigned count = 7;
    assert_null(attribute_set_block(&resource, &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(lists, setup),
        cmocka_unit_test_setup(replaced_and_removed, setup),
        cmocka_unit_test_setup(bounded, setup),
        cmocka_unit_test_setup(nothing, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
