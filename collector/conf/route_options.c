// See route_options.h. What a pattern may be: a path of segments; each is literal text, `{name}` with literal text
// around it, `:name`, or `*`. Beside `*` as a whole segment nothing has a meaning of its own.
#include "collector/conf/route_options.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

const char *const route_options_unmatched_names[ROUTE_UNMATCHED_MAX + 1] = {
    [ROUTE_UNMATCHED_UNSET] = "unset",
    [ROUTE_UNMATCHED_WILDCARD] = "wildcard",
    [ROUTE_UNMATCHED_PATH] = "path",
    [ROUTE_UNMATCHED_HEURISTIC] = "heuristic",
};

int route_options_unmatched(const char *text, enum route_unmatched *ret_unmatched)
{
    for (unsigned i = 0; i < ROUTE_UNMATCHED_MAX; i++)
        if (strcasecmp(text, route_options_unmatched_names[i]) == 0) {
            *ret_unmatched = i;
            return 0;
        }
    return -EINVAL;
}

static const char *segment_problem(struct str segment)
{
    const char *open = memchr(segment.p, '{', segment.n), *close = memchr(segment.p, '}', segment.n);
    if (segment.n > 1 && memchr(segment.p, '*', segment.n) && !str_equal(segment, STR("**")))
        return "expected * to stand for whole segments, as in /static/*";
    if (segment.p[0] == ':')
        return segment.n == 1 ? "expected a name after :" : NULL;
    if (!open && !close)
        return NULL;
    if (!open || !close || close < open || memchr(open + 1, '{', segment.n - (size_t)(open + 1 - segment.p)) ||
        memchr(close + 1, '}', segment.n - (size_t)(close + 1 - segment.p)))
        return "expected at most one {name} in a segment";
    return close == open + 1 ? "expected a name in {}" : NULL;
}

const char *route_options_problem(const char *pattern)
{
    size_t size = strlen(pattern);
    unsigned places = 0;
    if (pattern[0] != '/')
        return "expected a leading /";
    if (size > ROUTE_PATTERN_TEXT_MAX)
        return "expected at most 127 bytes";
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)pattern[i] <= ' ' || pattern[i] == 0x7f || pattern[i] == '?' || pattern[i] == '#')
            return "expected a path, without spaces, control characters, ? and #";
    for (const char *at = pattern; *at;) {
        size_t n = strcspn(++at, "/");
        const char *problem = n ? segment_problem((struct str){at, n}) : NULL;
        if (problem)
            return problem;
        if (n == 2 && strncmp(at, "**", n) == 0 && at[n])
            return "expected ** at the end only";
        places += n != 0;
        at += n;
    }
    return places > ROUTE_PATTERN_PLACES ? "expected at most 24 segments" : NULL;
}

int route_options_add(struct route_config *config, const struct route_pattern *pattern, const char *what,
                      struct complaint *complaint)
{
    const char *problem = route_options_problem(pattern->pattern);
    if (problem)
        return complaint_error(complaint, "%s %s: %s", what, pattern->pattern, problem);
    if (config->count == ROUTE_PATTERNS_MAX)
        return complaint_error(complaint, "%s %s: more than %d patterns in all", what, pattern->pattern,
                               ROUTE_PATTERNS_MAX);
    config->patterns[config->count++] = *pattern;
    return 0;
}

int route_options_ignore(struct route_config *config, const char *pattern, struct complaint *complaint)
{
    const struct route_pattern ignored = {
        .pattern = pattern,
        .incoming = true,
        .outgoing = true,
        .ignore = ROUTE_SIGNAL_METRICS | ROUTE_SIGNAL_TRACES,
    };
    return route_options_add(config, &ignored, "--ignore-route", complaint);
}
