// Pages that go away under a mapping: zeros take their place, the mapping says so, others stay; a SIGBUS elsewhere
// still ends the process. And a ring that is cut short while it is read.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "collector/intake/mapping.h"
#include "collector/intake/ring.h"

#define PAGE 4096u

static int file_of(size_t pages)
{
    int fd = memfd_create("pages", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)(pages * PAGE)), 0);
    return fd;
}

static void test_zeros_take_their_place(void **state)
{
    cleanup_fd int fd = file_of(3), other_fd = file_of(1);
    volatile uint8_t *pages = mapping_new(fd, 3 * PAGE, PROT_READ | PROT_WRITE, 0);
    volatile uint8_t *other = mapping_new(other_fd, PAGE, PROT_READ | PROT_WRITE, 0);
    assert_non_null(pages);
    assert_non_null(other);
    pages[0] = pages[2 * PAGE] = other[0] = 7;
    assert_int_equal(ftruncate(fd, PAGE), 0);
    assert_int_equal(pages[0], 7);
    assert_false(mapping_lost((void *)pages));
    errno = ENOTTY;
    assert_int_equal(pages[2 * PAGE], 0); // the fault
    assert_int_equal(errno, ENOTTY);
    assert_true(mapping_lost((void *)pages));
    assert_int_equal(pages[0], 0); // all of it
    pages[0] = 1;
    assert_int_equal(other[0], 7);
    assert_false(mapping_lost((void *)other));
    mapping_free((void *)pages);
    mapping_free((void *)other);
    mapping_free(NULL);
}

static void test_the_table_is_bounded(void **state)
{
    cleanup_fd int fd = file_of(1);
    void *pages[MAPPINGS_MAX];
    for (unsigned i = 0; i < MAPPINGS_MAX; i++) {
        pages[i] = mapping_new(fd, PAGE, PROT_READ, 0);
        assert_non_null(pages[i]);
    }
    assert_null(mapping_new(fd, PAGE, PROT_READ, 0));
    assert_int_equal(errno, ENFILE);
    mapping_free(pages[5]);
    pages[5] = mapping_new(fd, PAGE, PROT_READ, 0);
    assert_non_null(pages[5]);
    for (unsigned i = 0; i < MAPPINGS_MAX; i++)
        mapping_free(pages[i]);
    assert_null(mapping_new(-1, PAGE, PROT_READ, 0));
    assert_int_equal(errno, EBADF);
}

static void test_others_still_end_us(void **state)
{
    cleanup_fd int fd = file_of(1);
    pid_t child = fork();
    if (child == 0) {
        void *known = mapping_new(fd, PAGE, PROT_READ, 0);
        volatile uint8_t *unknown = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
        if (!known || unknown == MAP_FAILED || ftruncate(fd, 0) < 0)
            _exit(1);
        _exit(unknown[0]);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
}

// Position 64 of the producer, then nothing: what is read is nonsense, counted once, and the ring ends as lost.
static void test_a_ring_cut_short(void **state)
{
    uint64_t producer = 64, corrupt = 0;
    uint32_t size;
    struct ring ring;
    int fd = file_of(4);
    assert_int_equal(pwrite(fd, &producer, sizeof producer, PAGE), sizeof producer);
    cleanup_fd int held = dup(fd);
    assert_int_equal(ring_open(&ring, fd, PAGE), 0);
    assert_int_equal(ring_look(&ring), 64);
    assert_false(ring_lost(&ring));
    assert_int_equal(ftruncate(held, 2 * PAGE), 0); // the data is gone, the positions stay
    assert_non_null(ring_peek(&ring, &size, &corrupt));
    assert_int_equal(size, 0);
    assert_true(ring_lost(&ring));
    assert_int_equal(ftruncate(held, 0), 0);
    ring_next(&ring, size);
    ring_look(&ring);
    assert_null(ring_peek(&ring, &size, &corrupt));
    assert_int_equal(corrupt, 1);
    ring_close(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeros_take_their_place),
        cmocka_unit_test(test_the_table_is_bounded),
        cmocka_unit_test(test_others_still_end_us),
        cmocka_unit_test(test_a_ring_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
