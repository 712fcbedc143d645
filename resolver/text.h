// Foreign text on its way into an answer, whose fields are printable ASCII, padded with zeros.
#pragma once

#include "common/lib/str.h"

// Fills all of `to`. A tab becomes a space; the text ends before any other byte that is not printable. Returns its
// length.
static inline size_t text_copy(char *to, size_t size, struct str text)
{
    size_t n = 0;
    memset(to, 0, size);
    for (; n < size && n < text.n; n++) {
        char c = text.p[n] == '\t' ? ' ' : text.p[n];
        if (c < ' ' || c > '~')
            break;
        to[n] = c;
    }
    return n;
}
