// Whether four processes at once are of no interest (bpf/maps/unobserved.h), against each of them looked at by itself.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "bpf/maps/unobserved.h"

#define LANES 4

static bool all_unobserved(__u64 settled, const struct target target[LANES])
{
    __u64 four;

    _Static_assert(sizeof(struct target[LANES]) == sizeof four, "four targets are one word");
    memcpy(&four, target, sizeof four);
    return unobserved(settled, four);
}

static void test_each_target(void **state)
{
    static const __u8 open[] = {0, 1, 6, 0xff};

    for (unsigned o = 0; o < sizeof open; o++)
        for (unsigned lane = 0; lane < LANES; lane++)
            for (unsigned both = 0; both < 1 << 16; both++) {
                // The others have what interests nobody, or nothing.
                struct target target[LANES] = {{0}, {TARGET_OWN | TARGET_EXCLUDED, open[o]}, {0}, {TARGET_KNOWN, 0}};
                target[lane] = (struct target){(__u8)both, (__u8)(both >> 8)};
                bool observed = both & (TARGET_CLIENT | TARGET_SERVER | TARGET_PENDING) || both >> 8 & ~open[o];
                if (all_unobserved(POLICY_SETTLED(open[o]), target) == observed)
                    fail_msg("open %x, target %u: %x", open[o], lane, both);
            }
}

static void test_unsettled(void **state)
{
    const struct target none[LANES] = {{0}}, own[LANES] = {{TARGET_OWN, 0}, {0}};

    assert_true(all_unobserved(POLICY_SETTLED(0), none));
    assert_false(all_unobserved(0, none));
    assert_false(all_unobserved(0, own));
    for (unsigned open = 0; open < 256; open++) // its bit tells that nothing is pending: see bpf/maps/targets.h
        assert_true(POLICY_SETTLED(open) & TARGET_PENDING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_target), cmocka_unit_test(test_unsettled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
