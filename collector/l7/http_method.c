// See http_method.h.
#include "collector/l7/http_method.h"

#include <errno.h>

#define NAME_BYTES_MAX 32

static const struct str names[HTTP_METHOD_MAX] = {
    [HTTP_METHOD_OTHER] = {"_OTHER", 6},    [HTTP_METHOD_GET] = {"GET", 3},
    [HTTP_METHOD_HEAD] = {"HEAD", 4},       [HTTP_METHOD_POST] = {"POST", 4},
    [HTTP_METHOD_PUT] = {"PUT", 3},         [HTTP_METHOD_DELETE] = {"DELETE", 6},
    [HTTP_METHOD_CONNECT] = {"CONNECT", 7}, [HTTP_METHOD_OPTIONS] = {"OPTIONS", 7},
    [HTTP_METHOD_TRACE] = {"TRACE", 5},     [HTTP_METHOD_PATCH] = {"PATCH", 5},
    [HTTP_METHOD_QUERY] = {"QUERY", 5},
};

// The operator's list; with none, all names above are known. Written once at start.
struct known_methods {
    unsigned count;
    char name[HTTP_METHODS_KNOWN_MAX][NAME_BYTES_MAX + 1];
};
static struct known_methods known;

const char *http_method_name(enum http_method method)
{
    unsigned number = method;
    if (number >= HTTP_METHOD_MAX && number - HTTP_METHOD_MAX < known.count)
        return known.name[number - HTTP_METHOD_MAX];
    return names[number < HTTP_METHOD_MAX ? method : HTTP_METHOD_OTHER].p;
}

const bool http_token_bytes[256] = {
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['!'] = true, ['#'] = true, ['$'] = true,
    ['%'] = true,         ['&'] = true,         ['\''] = true,        ['*'] = true, ['+'] = true, ['-'] = true,
    ['.'] = true,         ['^'] = true,         ['_'] = true,         ['`'] = true, ['|'] = true, ['~'] = true,
};

enum http_method http_method_find(struct str name)
{
    for (enum http_method i = HTTP_METHOD_GET; i < HTTP_METHOD_MAX; i++)
        if (name.n == names[i].n && name.p[0] == names[i].p[0] && memcmp(name.p, names[i].p, name.n) == 0)
            return i;
    return HTTP_METHOD_OTHER;
}

enum http_method http_method_shown(enum http_method method, struct str name)
{
    if (!known.count)
        return method;
    for (unsigned i = 0; i < known.count; i++)
        if (str_equal(name, str_from(known.name[i])))
            return method != HTTP_METHOD_OTHER ? method : (enum http_method)(HTTP_METHOD_MAX + i);
    return HTTP_METHOD_OTHER;
}

static bool name_valid(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!http_token_bytes[(uint8_t)name.p[i]])
            return false;
    return name.n > 0 && name.n <= NAME_BYTES_MAX;
}

int http_method_know(struct str list)
{
    struct known_methods parsed = {0};
    while (list.n) {
        const char *comma = memchr(list.p, ',', list.n);
        struct str name = {list.p, comma ? (size_t)(comma - list.p) : list.n};
        size_t used = name.n + (comma != NULL);
        list.p += used;
        list.n -= used;
        while (name.n && name.p[0] == ' ')
            name.p++, name.n--;
        while (name.n && name.p[name.n - 1] == ' ')
            name.n--;
        if (!name_valid(name) || parsed.count == HTTP_METHODS_KNOWN_MAX)
            return -EINVAL;
        memcpy(parsed.name[parsed.count++], name.p, name.n);
    }
    known = parsed;
    return 0;
}
