// Is it the map it is said to be: the kernel's words about good ones and others, and fds that only pose as maps.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "collector/intake/map_fd.h"

#define RING     "pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1061\nmap_type:\t27\nkey_size:\t0\nvalue_size:\t0\n"
#define COUNTERS "pos:\t0\nmap_type:\t2\nkey_size:\t4\nvalue_size:\t256\n"

static void test_the_kernels_words(void **state)
{
    static const struct {
        const char *text;
        enum message_map map;
        size_t size;
        int expected;
    } cases[] = {
        {RING "max_entries:\t1048576\nmap_flags:\t0x0\n", MESSAGE_MAP_RING, 1048576, 0},
        {RING "max_entries:\t4096\n", MESSAGE_MAP_RING, 1048576, -EPROTOTYPE},
        {RING "max_entries:\t1048576\n", MESSAGE_MAP_COUNTERS, 1048576, -EPROTOTYPE},
        {RING, MESSAGE_MAP_RING, 1048576, -EPROTOTYPE},
        {"", MESSAGE_MAP_RING, 0, -EPROTOTYPE},
        {"map_type:", MESSAGE_MAP_RING, 0, -EPROTOTYPE},
        {"map_type:\t31\nmax_entries:\t4096\n", MESSAGE_MAP_RING, 4096, -EPROTOTYPE}, // a ring that user space writes
        {"xmap_type:\t27\nmax_entries:\t4096\n", MESSAGE_MAP_RING, 4096, -EPROTOTYPE},
        {COUNTERS "max_entries:\t2\n", MESSAGE_MAP_COUNTERS, 512, 0},
        {COUNTERS "max_entries:\t2\n", MESSAGE_MAP_COUNTERS, 768, -EPROTOTYPE},
        {COUNTERS "max_entries:\t2\n", MESSAGE_MAP_COUNTERS, 513, -EPROTOTYPE},
        {COUNTERS "max_entries:\t0\n", MESSAGE_MAP_COUNTERS, 0, -EPROTOTYPE},
        {COUNTERS "max_entries:\t72057594037927937\n", MESSAGE_MAP_COUNTERS, 256,
         -EPROTOTYPE}, // times 256 it is 256 again
        {COUNTERS "max_entries:\t4096\n", MESSAGE_MAP_RING, 4096, -EPROTOTYPE},
        {"map_type:\t2\nvalue_size:\t8\nmax_entries:\t2\n", MESSAGE_MAP_COUNTERS, 512, -EPROTOTYPE},
    };
    for (unsigned i = 0; i < array_size(cases); i++)
        if (map_fd_describes(cases[i].text, cases[i].map, cases[i].size) != cases[i].expected)
            fail_msg("case %u", i);
}

static void test_what_only_poses(void **state)
{
    cleanup_fd int memory = memfd_create("anon_inode:bpf-map", MFD_CLOEXEC);
    cleanup_fd int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    cleanup_fd int event = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(map_fd_check(memory, MESSAGE_MAP_RING, 4096), -EBADF);
    assert_int_equal(map_fd_check(file, MESSAGE_MAP_RING, 4096), -EBADF);
    assert_int_equal(map_fd_check(event, MESSAGE_MAP_COUNTERS, 256), -EBADF);
    assert_int_equal(map_fd_check(-1, MESSAGE_MAP_RING, 4096), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_kernels_words),
        cmocka_unit_test(test_what_only_poses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
