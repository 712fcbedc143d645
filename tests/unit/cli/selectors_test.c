// Selectors of `redstart run`: lists, ranges, what is refused, and Beyla's variables.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include "collector/cli/selectors.h"

static struct selectors selectors;
static struct complaint complaint;

static void reset(void)
{
    memset(&selectors, 0, sizeof selectors);
    memset(&complaint, 0, sizeof complaint);
}

// All arguments, joined with spaces.
static const char *joined(void)
{
    static char text[1024];
    text[0] = 0;
    for (unsigned i = 0; i < selectors.count; i++) {
        strcat(text, i ? " " : "");
        strcat(text, selectors.argument[i]);
    }
    return text;
}

static void test_ports(void **state)
{
    static const struct {
        const char *list, *expected; // NULL: refused
    } rows[] = {
        {"8080", "--port 8080"},
        {"8080,9000-9010", "--port 8080 --port 9000-9010"},
        {" 1 , 65535 ", "--port 1 --port 65535"},
        {"80-80", "--port 80-80"},
        {"0", NULL},
        {"65536", NULL},
        {"9-8", NULL},
        {"-8", NULL},
        {"8-", NULL},
        {"80,x", NULL},
        {"", NULL},
        {",", NULL},
        {"1-2-3", NULL},
        {"8O", NULL},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        reset();
        int r = selectors_add(&selectors, SELECTOR_PORT, false, "--port", rows[i].list, &complaint);
        assert_int_equal(r, rows[i].expected ? 0 : -22);
        if (rows[i].expected)
            assert_string_equal(joined(), rows[i].expected);
        else
            assert_non_null(strstr(complaint.error, "--port"));
    }
}

static void test_others(void **state)
{
    reset();
    assert_int_equal(selectors_add(&selectors, SELECTOR_EXE, true, "--exclude-exe", "a*,/usr/bin/b", &complaint), 0);
    assert_int_equal(selectors_add(&selectors, SELECTOR_PID, false, "--pid", "1", &complaint), 0);
    assert_int_equal(selectors_add(&selectors, SELECTOR_UNIT, false, "--unit", "shop", &complaint), 0);
    assert_string_equal(joined(), "--exclude-exe a* --exclude-exe /usr/bin/b --pid 1 --unit shop");
    assert_int_equal(selectors_add(&selectors, SELECTOR_PID, false, "--pid", "4194304", &complaint), -22);
    assert_string_equal(complaint.error, "--pid 4194304: expected a running process; there is none with this id");
}

static void test_bounded(void **state)
{
    reset();
    int r = 0;
    for (unsigned i = 0; i < SELECTORS_MAX / 2; i++)
        r |= selectors_add(&selectors, SELECTOR_PORT, false, "--port", "80", &complaint);
    assert_int_equal(r, 0);
    assert_int_equal(selectors_add(&selectors, SELECTOR_PORT, false, "--port", "80", &complaint), -22);
    assert_null(selectors.argument[SELECTORS_MAX]);
}

static void test_variables(void **state)
{
    static const struct {
        const char *environment[3];
        const char *expected; // NULL: refused
    } rows[] = {
        {{NULL}, ""},
        {{"OPEN_PORT=8080"}, "--port 8080"},
        {{"BEYLA_OPEN_PORT=80,443", "OPEN_PORT=1"}, "--port 80 --port 443"},
        {{"OTEL_EBPF_OPEN_PORT=9"}, "--port 9"},
        {{"BEYLA_OPEN_PORT=http"}, NULL},
        {{"BEYLA_EXECUTABLE_NAME=testserver"}, "--exe *testserver*"},
        {{"EXECUTABLE_NAME=^java$"}, "--exe java"},
        {{"EXECUTABLE_NAME=(java|node)"}, NULL},
        {{"EXECUTABLE_NAME=java|node"}, "--exe *java* --exe *node*"},
        {{"OTEL_EBPF_EXECUTABLE_NAME=/opt/.*/bin/s.+r\\.x$"}, "--exe */opt/*/bin/s?*r.x"},
        {{"EXECUTABLE_NAME=a\\*b"}, "--exe *a\\*b*"},
        {{"EXECUTABLE_NAME=[ab]"}, NULL},
        {{"OPEN_PORT=80,90-99", "EXECUTABLE_NAME=a b|^c$"}, "--rule port=80,90-99 exe=*a?b*,c"},
        {{"OPEN_PORT=80", "EXECUTABLE_NAME=[ab]"}, NULL},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        reset();
        int r = selectors_environment(&selectors, (char *const *)rows[i].environment, &complaint);
        assert_int_equal(r, rows[i].expected ? 0 : -22);
        if (rows[i].expected)
            assert_string_equal(joined(), rows[i].expected);
    }
}

static void test_option_over_variable(void **state)
{
    const char *const environment[] = {"BEYLA_OPEN_PORT=1", "BEYLA_EXECUTABLE_NAME=x", NULL};
    reset();
    assert_int_equal(selectors_add(&selectors, SELECTOR_PORT, false, "--port", "80", &complaint), 0);
    assert_int_equal(selectors_environment(&selectors, (char *const *)environment, &complaint), 0);
    assert_string_equal(joined(), "--port 80 --exe *x*");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_option_over_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
