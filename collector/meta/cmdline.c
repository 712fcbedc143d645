// See cmdline.h.
#include "collector/meta/cmdline.h"

bool cmdline_next(struct str *rest, struct str *ret_argument)
{
    if (rest->n == 0)
        return false;
    const char *end = memchr(rest->p, 0, rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    *ret_argument = (struct str){rest->p, n};
    n += end ? 1 : 0;
    rest->p += n;
    rest->n -= n;
    return true;
}
