// Arena: alignment, zeroing, the hard end, and reuse after a reset.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collector/core/arena.h"

static void takes_are_aligned_and_zero(void **state)
{
    struct arena arena;
    assert_int_equal(arena_init(&arena, 256), 0);
    memset(arena.p, 0xff, arena.size);
    static const size_t sizes[] = {1, 3, 16, 17, 0, 8};
    for (size_t i = 0; i < array_size(sizes); i++) {
        char *p = arena_take(&arena, sizes[i]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(p[j], 0);
    }
    arena_release(&arena);
}

static void full_is_null_and_changes_nothing(void **state)
{
    struct arena arena;
    assert_int_equal(arena_init(&arena, 64), 0);
    assert_non_null(arena_take(&arena, 60));
    assert_null(arena_take(&arena, 1)); // the next aligned offset is the end
    assert_int_equal(arena.used, 60);
    assert_null(arena_take(&arena, SIZE_MAX));
    struct str copy = arena_copy(&arena, STR("abcd"));
    assert_memory_equal(copy.p, "abcd", 4);
    copy = arena_copy(&arena, STR("e"));
    assert_null(copy.p);
    assert_int_equal(copy.n, 0);
    arena_release(&arena);
}

static void reset_gives_the_room_back(void **state)
{
    struct arena arena;
    assert_int_equal(arena_init(&arena, 64), 0);
    char *first = arena_take(&arena, 64);
    assert_non_null(first);
    assert_null(arena_take(&arena, 64));
    arena_reset(&arena);
    assert_ptr_equal(arena_take(&arena, 64), first);
    arena_release(&arena);
    assert_null(arena.p);
}

static void an_empty_copy_is_empty(void **state)
{
    struct arena arena;
    assert_int_equal(arena_init(&arena, 16), 0);
    struct str copy = arena_copy(&arena, STR(""));
    assert_null(copy.p);
    assert_int_equal(arena.used, 0);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_are_aligned_and_zero),
        cmocka_unit_test(full_is_null_and_changes_nothing),
        cmocka_unit_test(reset_gives_the_room_back),
        cmocka_unit_test(an_empty_copy_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
