// `redstart run`: which option goes to which program, and that a mistake is named before anything starts.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "collector/cli/run_options.h"

#define ARGUMENTS_MAX 16

static struct run_options options;
static struct complaint complaint;

static int parse(const char *const *arguments, const char *const *environment)
{
    char *argv[ARGUMENTS_MAX + 2] = {"run"};
    int argc = 1;
    for (; arguments && arguments[argc - 1]; argc++)
        argv[argc] = (char *)arguments[argc - 1];
    static char *const empty[] = {NULL};
    return run_options_parse(&options, argc, argv, environment ? (char *const *)environment : empty, &complaint);
}

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_routing(void **state)
{
    assert_int_equal(
        parse(TEXTS("--port", "8080,9090", "--print-traces", "--exclude-pid=1", "--prometheus", ":8999", "--user",
                    "daemon", "--variant=sockio-sys", "--log-level=debug", "--exe=x", "--route", "/{id}"),
              NULL),
        0);
    static const char *const loader[] = {"--port", "8080", "--port", "9090", "--exclude-pid", "1", "--exe", "x"};
    assert_int_equal(options.selectors.count, array_size(loader));
    for (unsigned i = 0; i < array_size(loader); i++)
        assert_string_equal(options.selectors.argument[i], loader[i]);
    static const char *const collector[] = {"--print-traces", "--prometheus=:8999", "--log-level=debug",
                                            "--route=/{id}"};
    assert_int_equal(options.collector_count, array_size(collector));
    for (unsigned i = 0; i < array_size(collector); i++)
        assert_string_equal(options.collector_arguments[i], collector[i]);
    assert_null(options.collector_arguments[array_size(collector)]);
    assert_string_equal(options.user, "daemon");
    assert_string_equal(options.variant, "sockio-sys");
    assert_int_equal(options.log_level, LOG_LEVEL_DEBUG);
    assert_true(options.collector.print_traces && options.collector.prometheus);
}

static void test_bare(void **state)
{
    assert_int_equal(parse(NULL, NULL), 0);
    assert_int_equal(options.selectors.count, 0);
    assert_int_equal(options.collector_count, 0);
    assert_true(options.collector.print_traces);
    assert_null(options.user);
    assert_null(options.variant);
    assert_int_equal(parse(TEXTS("--help"), NULL), 0);
    assert_true(options.help);
}

static void test_variables(void **state)
{
    assert_int_equal(
        parse(NULL, TEXTS("BEYLA_OPEN_PORT=8080", "BEYLA_PRINT_TRACES=true", "BEYLA_PROMETHEUS_PORT=8999")), 0);
    assert_int_equal(options.selectors.count, 2);
    assert_string_equal(options.selectors.argument[1], "8080");
    assert_int_equal(options.collector_count, 0); // the collector reads them itself
    assert_int_equal(options.collector.prometheus_port, 8999);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *arguments[3];
        const char *error;
    } rows[] = {
        {{"--port", "99999"}, "--port 99999: expected ports from 1 to 65535 such as 8080,9000-9010"},
        {{"--exclude-port=x"}, "--exclude-port x: expected ports from 1 to 65535 such as 8080,9000-9010"},
        {{"--port"}, "--port: expected a value"},
        {{"--pid", "x"}, "--pid x: expected a process id from 1 to 4194304"},
        {{"--nothing"}, "--nothing: unknown option or unwanted value; see redstart run --help"},
        {{"8080"}, "8080: expected an option; see redstart run --help"},
        {{"--user="}, "--user: expected the name of a user"},
        {{"--variant", "tp"}, "--variant tp: expected sockio-tp, sockio-fentry or sockio-sys"},
        {{"--prometheus", "a:b:c"},
         "--prometheus a:b:c: expected PORT (localhost), :PORT (all addresses), ADDR:PORT or "
         "[V6]:PORT, with a port from 1 to 65535"},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        assert_int_equal(parse(rows[i].arguments, NULL), -22);
        assert_string_equal(complaint.error, rows[i].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_routing),
        cmocka_unit_test(test_bare),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
