// Copies of short texts that live as long as their owner: option values, never traffic. Fixed size, nothing to free.
#pragma once

#include <stddef.h>
#include "common/lib/str.h"

#define TEXT_POOL_SIZE 32768

struct text_pool {
    size_t used;
    char bytes[TEXT_POOL_SIZE];
};

// A NUL-terminated copy; NULL when the pool is full.
char *text_pool_keep(struct text_pool *pool, struct str text);
