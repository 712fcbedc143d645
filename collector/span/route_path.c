// See route_path.h.
#include "collector/span/route_path.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct str route_path_decode(struct str s, char *to)
{
    struct str result = {to, 0};
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '%' && i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
        int low = high >= 0 ? hex_value(s.p[i + 2]) : -1;
        to[result.n++] = low >= 0 ? (char)(high << 4 | low) : s.p[i];
        i += low >= 0 ? 2 : 0;
    }
    return result;
}

static struct str without_parameters(struct str segment)
{
    const char *semicolon = memchr(segment.p, ';', segment.n);
    return semicolon ? (struct str){segment.p, (size_t)(semicolon - segment.p)} : segment;
}

bool route_path_split(struct str path, bool truncated, struct route_path *ret_path)
{
    char *free_room = ret_path->decoded;
    if (path.n == 0 || path.p[0] != '/')
        return false;
    ret_path->more = truncated || path.n > ROUTE_PATH_BYTES_MAX;
    ret_path->count = 0;
    if (path.n > ROUTE_PATH_BYTES_MAX)
        path.n = ROUTE_PATH_BYTES_MAX;
    for (size_t from = 1; from < path.n;) {
        const char *slash = memchr(path.p + from, '/', path.n - from);
        struct str segment = {path.p + from, slash ? (size_t)(slash - path.p) - from : path.n - from};
        from += segment.n + 1;
        if (!slash && ret_path->more)
            break; // maybe cut in two
        segment = without_parameters(segment);
        if (segment.n == 0)
            continue;
        if (ret_path->count == ROUTE_PATTERN_PLACES) {
            ret_path->more = true;
            break;
        }
        if (memchr(segment.p, '%', segment.n)) {
            segment = route_path_decode(segment, free_room);
            free_room += segment.n;
        }
        ret_path->segment[ret_path->count++] = segment;
    }
    return true;
}
