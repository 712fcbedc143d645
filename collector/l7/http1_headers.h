// The header lines of an HTTP/1 head, for http1.c only. Looks at the few names that redstart uses and passes over the
// rest.
#pragma once

#include "collector/l7/http1.h"

// The line that starts at *cursor, without its CR LF or bare LF; *cursor moves behind it. False if its end is not
// there.
static inline bool http1_line_next(const char **cursor, const char *end, struct str *ret_line)
{
    const char *start = *cursor;
    const char *newline = start < end ? memchr(start, '\n', (size_t)(end - start)) : NULL;
    if (!newline)
        return false;
    *cursor = newline + 1;
    size_t n = (size_t)(newline - start);
    if (n > 0 && start[n - 1] == '\r')
        n--;
    *ret_line = (struct str){start, n};
    return true;
}

// Reads header lines from *cursor up to and including the empty line. True if that was reached; else the lines that are
// there in full are filled in, a cut-off one is not looked at. *cursor is left behind the last whole line.
extern const struct http1_headers http1_headers_none;
bool http1_headers_parse(const char **cursor, const char *end, struct http1_headers *ret_headers);
