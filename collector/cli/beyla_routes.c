// Beyla's `routes` as ours, and of its `filter` the paths that are left out; see beyla.h.
#include <string.h>
#include <strings.h>
#include "collector/cli/beyla.h"
#include "collector/conf/route_options.h"
#include "collector/conf/value.h"

#define PATTERNS_MAX 256 // of each list: for two directions and what is ignored there is room

static const struct yaml_node *list_of(struct beyla *beyla, const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = beyla_take(beyla, map, key);
    return node && node->kind == YAML_LIST ? node->first : NULL;
}

// Why it is no pattern of ours, the nth of its list; NULL: it is one.
static const char *pattern_problem(const struct yaml_node *node, unsigned nth)
{
    return nth >= PATTERNS_MAX         ? "more than 256 patterns"
           : node->kind == YAML_SCALAR ? route_options_problem(node->text.p)
                                       : "expected a text";
}

static void patterns_write(struct beyla *beyla, const struct yaml_node *routes)
{
    static const char *const ours[] = {"incoming", "outgoing"}; // theirs are for both
    for (unsigned i = 0; i < array_size(ours); i++) {
        bool any = false;
        unsigned nth = 0;
        for (const struct yaml_node *node = list_of(beyla, routes, "patterns"); node; node = node->next) {
            const char *problem = pattern_problem(node, nth++);
            if (problem && i == 0)
                beyla_note(beyla, node, "no equivalent: %s", problem);
            if (problem)
                continue;
            if (!any)
                fprintf(beyla->out, "  %s:\n", ours[i]);
            any = true;
            fputs("    - ", beyla->out);
            beyla_quote(beyla->out, node->text);
            fputc('\n', beyla->out);
        }
    }
}

static void ignored_item_write(struct beyla *beyla, struct str pattern, const char *signals, bool first)
{
    fputs(first ? "  ignore:\n    - pattern: " : "    - pattern: ", beyla->out);
    beyla_quote(beyla->out, pattern);
    fprintf(beyla->out, "\n      signals: [%s]\n", signals);
}

// filter.application.url_path.not_match, where the glob means the same as a pattern of ours: a path, or all below one.
static const struct yaml_node *filtered_path(struct beyla *beyla)
{
    static const char *const names[] = {"url_path", "url.path"};
    const struct yaml_node *application = yaml_get(yaml_get(beyla->yaml.root, STR("filter")), STR("application"));
    for (unsigned i = 0; i < array_size(names); i++) {
        const struct yaml_node *glob = yaml_get(yaml_get(application, str_from(names[i])), STR("not_match"));
        if (!glob || glob->kind != YAML_SCALAR || route_options_problem(glob->text.p))
            continue;
        size_t plain = strcspn(glob->text.p, "*?[]{}!:\\");
        bool below = plain > 0 && glob->text.p[plain - 1] == '/' && strcmp(glob->text.p + plain, "*") == 0;
        if (plain == glob->text.n || below)
            return beyla_take(beyla, yaml_get(application, str_from(names[i])), "not_match");
    }
    return NULL;
}

static void ignored_write(struct beyla *beyla, const struct yaml_node *routes)
{
    const struct yaml_node *mode = beyla_take(beyla, routes, "ignore_mode");
    const char *signals = mode && mode->text.p ? mode->text.p : "all";
    const struct yaml_node *filtered = filtered_path(beyla);
    bool any = false;
    unsigned nth = 0;
    if (strcasecmp(signals, "all") != 0 && strcasecmp(signals, "metrics") != 0 && strcasecmp(signals, "traces") != 0) {
        beyla_note(beyla, mode, "no equivalent; expected all, metrics or traces");
        signals = "all";
    }
    for (const struct yaml_node *node = list_of(beyla, routes, "ignored_patterns"); node; node = node->next) {
        const char *problem = pattern_problem(node, nth++);
        if (problem) {
            beyla_note(beyla, node, "no equivalent: %s", problem);
            continue;
        }
        ignored_item_write(beyla, node->text, strcasecmp(signals, "all") == 0 ? "metrics, traces" : signals, !any);
        any = true;
    }
    if (filtered)
        ignored_item_write(beyla, filtered->text, "metrics, traces", !any);
}

// What is said of other paths; heuristic, if nothing is.
static void unmatched_write(struct beyla *beyla, const struct yaml_node *routes)
{
    const struct yaml_node *node = beyla_take(beyla, routes, "unmatched");
    node = node ? node : beyla_take(beyla, routes, "unmatch");
    enum route_unmatched unmatched = ROUTE_UNMATCHED_HEURISTIC;
    if (node && node->text.p && strcasecmp(node->text.p, "low-cardinality") != 0 &&
        route_options_unmatched(node->text.p, &unmatched) < 0)
        beyla_note(beyla, node, "no equivalent; heuristic is taken");
    fprintf(beyla->out, "  unmatched: %s\n", route_options_unmatched_names[unmatched]);
}

static void values_write(struct beyla *beyla, const struct yaml_node *routes)
{
    const struct yaml_node *node = beyla_take(beyla, routes, "max_path_segment_cardinality");
    uint64_t number;
    if (node && node->kind == YAML_SCALAR && value_number(node->text, 1, ROUTE_VALUES_MAX, &number) == 0)
        fprintf(beyla->out, "  values_per_segment: %s\n", node->text.p);
    else if (node)
        beyla_note(beyla, node, "no equivalent; expected a number from 1 to %d", ROUTE_VALUES_MAX);
}

void beyla_routes(struct beyla *beyla)
{
    const struct yaml_node *routes = yaml_get(beyla->yaml.root, STR("routes"));
    fputs("routes:\n", beyla->out);
    unmatched_write(beyla, routes);
    values_write(beyla, routes);
    patterns_write(beyla, routes);
    ignored_write(beyla, routes);
}
