// Copies of option values; see text_pool.h.
#include "collector/conf/text_pool.h"

char *text_pool_keep(struct text_pool *pool, struct str text)
{
    if (text.n >= TEXT_POOL_SIZE - pool->used)
        return NULL;
    char *copy = pool->bytes + pool->used;
    if (text.n)
        memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    pool->used += text.n + 1;
    return copy;
}
