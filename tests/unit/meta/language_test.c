// Languages by name; numbers that stand for none have none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "collector/meta/language.h"
#include "common/ipc/executable.h"

static void test_names(void **state)
{
    assert_null(language_name(EXECUTABLE_UNKNOWN));
    assert_string_equal(language_name(EXECUTABLE_C), "c");
    assert_string_equal(language_name(EXECUTABLE_GO), "go");
    assert_string_equal(language_name(EXECUTABLE_SWIFT), "swift");
    assert_null(language_name(EXECUTABLE_LANGUAGE_MAX));
    assert_null(language_name(UINT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
