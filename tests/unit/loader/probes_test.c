// What the kernel did not run is added up: the loader's own skeleton, opened and not loaded, on a kernel of this
// file's making.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#define bpf_obj_get_info_by_fd info_answer // declared by libbpf's header under this name
#include "loader/probes.c"

#define ASKED_MAX 64

static uint64_t misses[ASKED_MAX]; // of each program, in the order in which they are asked
static unsigned asked;
static int refused = -1; // which one is not answered

int info_answer(int fd, void *info, __u32 *size)
{
    assert_true(asked < ASKED_MAX);
    assert_int_equal(*size, sizeof(struct bpf_prog_info));
    if ((int)asked == refused) {
        asked++;
        return -EPERM;
    }
    ((struct bpf_prog_info *)info)->recursion_misses = misses[asked++];
    return 0;
}

static bool skipped_ask(struct probes *probes)
{
    asked = 0;
    return probes_skipped(probes);
}

static void test_skipped(void **state)
{
    volatile __u64 skipped = 0, spared = 0;
    struct probes probes = {.skeleton = redstart_bpf__open(), .skipped = &skipped, .spared = &spared};
    struct bpf_program *program;
    unsigned loaded = 0;

    assert_non_null(probes.skeleton);
    assert_true(way_take(probes.skeleton, &ways[0]));
    bpf_object__for_each_program(program, probes.skeleton->obj)
        loaded += bpf_program__autoload(program) && !strstr(bpf_program__name(program), "_spare");
    assert_in_range(loaded, 10, ASKED_MAX - 1);
    const struct {
        unsigned program;
        uint64_t misses, spared;
        bool news;
        uint64_t sum;
    } rows[] = {
        {0, 0, 0, false, 0},
        {0, 3, 0, true, 3},
        {0, 3, 0, false, 3}, // told already
        {loaded - 1, 1, 0, true, 4},
        {1, 7, 7, false, 4}, // its spare did them all
        {1, 7, 8, false, 4},
        {1, 12, 10, true, 6},
        {1, (1ull << 40) + 10, 10, true, (1ull << 40) + 4},
        {0, 4, 10, true, (1ull << 40) + 5},
        {0, 4, 10, false, (1ull << 40) + 5},
    };
    for (unsigned i = 0; i < array_size(rows); i++) {
        misses[rows[i].program] = rows[i].misses;
        spared = rows[i].spared;
        assert_int_equal(skipped_ask(&probes), rows[i].news);
        assert_int_equal(asked, loaded); // not those of other variants, nor spares
        assert_int_equal(skipped, rows[i].sum);
    }
    // A kernel that does not answer for one: a counter does not go back.
    refused = 1;
    assert_false(skipped_ask(&probes));
    assert_int_equal(skipped, (1ull << 40) + 5);
    redstart_bpf__destroy(probes.skeleton);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_skipped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
