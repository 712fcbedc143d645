// What the loader and the collector accept of an answer: every field at and over its bounds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "common/ipc/executable.h"

static const struct executable good = {.machine = 62,
                                       .bits = 64,
                                       .linkage = EXECUTABLE_DYNAMIC,
                                       .language = EXECUTABLE_GO,
                                       .version_size = 8,
                                       .build_id_size = 3,
                                       .module_size = 19,
                                       .version = "go1.22.3",
                                       .build_id = {1, 2, 3},
                                       .module = "shop.example v1.2.3"};

static const struct {
    size_t at;
    uint8_t byte;
    bool right;
} cases[] = {
    {offsetof(struct executable, machine), 0xff, true},
    {offsetof(struct executable, bits), 32, true},
    {offsetof(struct executable, bits), 0, false},
    {offsetof(struct executable, bits), 65, false},
    {offsetof(struct executable, linkage), EXECUTABLE_STATIC, true},
    {offsetof(struct executable, linkage), EXECUTABLE_LINKAGE_MAX, false},
    {offsetof(struct executable, language), EXECUTABLE_UNKNOWN, true},
    {offsetof(struct executable, language), EXECUTABLE_LANGUAGE_MAX - 1, true},
    {offsetof(struct executable, language), EXECUTABLE_LANGUAGE_MAX, false},
    {offsetof(struct executable, version_size), 7, false}, // a byte behind the text
    {offsetof(struct executable, version_size), 9, false}, // a NUL in it
    {offsetof(struct executable, version_size), 33, false},
    {offsetof(struct executable, version_size), 255, false},
    {offsetof(struct executable, version) + 2, '\n', false},
    {offsetof(struct executable, version) + 2, 0x80, false},
    {offsetof(struct executable, version) + 2, 0x7f, false},
    {offsetof(struct executable, version) + 2, ' ', true},
    {offsetof(struct executable, version) + 31, 'x', false},
    {offsetof(struct executable, build_id_size), 4, true}, // any byte may be in it
    {offsetof(struct executable, build_id_size), 2, false},
    {offsetof(struct executable, build_id_size), 21, false},
    {offsetof(struct executable, build_id) + 19, 1, false},
    {offsetof(struct executable, module_size), 18, false},
    {offsetof(struct executable, module_size), 69, false},
    {offsetof(struct executable, module) + 3, 0x1b, false},
    {offsetof(struct executable, module) + 67, 'x', false},
};

static void test_check(void **state)
{
    assert_true(executable_check(&good));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct executable changed = good;
        ((uint8_t *)&changed)[cases[i].at] = cases[i].byte;
        assert_int_equal(executable_check(&changed), cases[i].right);
    }
}

static void test_full(void **state)
{
    struct executable full = good;
    full.version_size = sizeof full.version;
    full.module_size = sizeof full.module;
    full.build_id_size = sizeof full.build_id;
    memset(full.version, '~', sizeof full.version);
    memset(full.module, '~', sizeof full.module);
    memset(full.build_id, 0xff, sizeof full.build_id);
    assert_true(executable_check(&full));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
