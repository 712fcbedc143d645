// A copy of bytes that touches an unreadable page at its end (or its start): a parser that reads too far dies at once.
#pragma once

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "common/lib/str.h"

// Two readable pages between two unreadable ones; made once a program.
static inline char *guard_pages(size_t *ret_size)
{
    static char *inside;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (!inside) {
        char *p = mmap(NULL, 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || mprotect(p + page, 2 * page, PROT_READ | PROT_WRITE) < 0)
            abort();
        inside = p + page;
    }
    *ret_size = 2 * page;
    return inside;
}

static inline struct str guard_before_end(struct str s)
{
    size_t size;
    char *inside = guard_pages(&size);
    assert(s.n <= size);
    memcpy(inside + size - s.n, s.p, s.n);
    return (struct str){inside + size - s.n, s.n};
}

static inline struct str guard_after_start(struct str s)
{
    size_t size;
    char *inside = guard_pages(&size);
    assert(s.n <= size);
    memcpy(inside, s.p, s.n);
    return (struct str){inside, s.n};
}
