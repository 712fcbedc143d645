// What Beyla observes (open_port, executable_name, discovery) as our rules; see beyla.h. Its regular expressions become
// globs where they can. A rule of which a field cannot be said here is left out as a whole: without that field it would
// mean more processes, not fewer.
#include <stdlib.h>
#include <string.h>
#include "collector/cli/beyla.h"
#include "collector/cli/selectors.h"
#include "collector/conf/value.h"

#define GLOB_MAX 240

// Beyla matches the whole path; a glob of ours does if it has a slash in it.
static bool glob_write(FILE *out, const char *glob, bool first)
{
    char path[GLOB_MAX + 8];
    bool bare = glob[0] == '*' && !strchr(glob, '/');
    snprintf(path, sizeof path, "%s%s", bare ? "*/" : "", glob);
    fputs(first ? "" : ", ", out);
    beyla_quote(out, str_from(path));
    return beyla_fits("discovery.rules[].exe", str_from(path));
}

// Alternatives of a regular expression, searched for. False: one of them is no glob.
static bool regex_write(FILE *out, const char *regex)
{
    bool first = true;
    for (const char *part = regex; part; first = false) {
        const char *bar = strchr(part, '|');
        char glob[GLOB_MAX];
        if (selectors_glob((struct str){part, bar ? (size_t)(bar - part) : strlen(part)}, glob, sizeof glob) < 0 ||
            !glob_write(out, glob, first))
            return false;
        part = bar ? bar + 1 : NULL;
    }
    return true;
}

// A glob, with {a,b} in it at most once.
static bool braces_write(FILE *out, const char *glob)
{
    const char *open = strchr(glob, '{'), *close = open ? strchr(open, '}') : NULL;
    if (strlen(glob) >= GLOB_MAX || (open && (!close || strchr(open + 1, '{'))))
        return false;
    if (!open)
        return glob_write(out, glob, true);
    for (const char *part = open + 1; part <= close;) {
        char whole[GLOB_MAX];
        size_t n = strcspn(part, ",}");
        snprintf(whole, sizeof whole, "%.*s%.*s%s", (int)(open - glob), glob, (int)n, part, close + 1);
        if (!glob_write(out, whole, part == open + 1))
            return false;
        part += n + 1;
    }
    return true;
}

// "8080,9000-9010", or a list of such.
static bool ports_write(FILE *out, const struct yaml_node *node)
{
    const struct yaml_node *item = node->kind == YAML_LIST ? node->first : node;
    bool first = true;
    for (; item; item = node->kind == YAML_LIST ? item->next : NULL) {
        struct str list = item->text, ports;
        struct value_ports range;
        for (; value_list_next(&list, &ports); first = false) {
            if (value_ports(ports, &range) < 0)
                return false;
            fprintf(out, "%s" STR_FMT, first ? "" : ", ", STR_ARG(ports));
        }
    }
    return !first;
}

static bool list_write(FILE *out, const struct yaml_node *node)
{
    const struct yaml_node *item = node->kind == YAML_LIST ? node->first : node;
    for (bool first = true; item; first = false, item = node->kind == YAML_LIST ? item->next : NULL) {
        if (!beyla_fits("discovery.rules[].pid", item->text))
            return false;
        fprintf(out, "%s" STR_FMT, first ? "" : ", ", STR_ARG(item->text));
    }
    return true;
}

enum form { PORTS, REGEX, GLOB, PIDS, NAME, TRUTH };

static const struct field {
    const char *theirs, *ours;
    enum form regex, glob; // in `services` and in `instrument`
    bool selects;
} fields[] = {
    {"open_ports", "ports", PORTS, PORTS, true},
    {"exe_path", "exe", REGEX, GLOB, true},
    {"exe_path_regexp", "exe", REGEX, REGEX, true},
    {"target_pids", "pid", PIDS, PIDS, true},
    {"containers_only", "containers_only", TRUTH, TRUTH, false},
    {"name", "name", NAME, NAME, false},
    {"namespace", "namespace", NAME, NAME, false},
};

static bool field_write(FILE *out, enum form form, const struct yaml_node *node)
{
    if (form == PORTS)
        return ports_write(out, node);
    if (form == PIDS)
        return list_write(out, node);
    if (node->kind != YAML_SCALAR)
        return false;
    if (form == REGEX)
        return regex_write(out, node->text.p);
    if (form == GLOB)
        return braces_write(out, node->text.p);
    if (form == NAME && !beyla_fits("discovery.rules[].name", node->text))
        return false;
    if (form == TRUTH)
        fprintf(out, "%s", str_equal_nocase(node->text, STR("true")) ? "true" : "false");
    else
        beyla_quote(out, node->text);
    return true;
}

// One key of a rule. False: it cannot be said, and that was noted.
static bool rule_key_write(struct beyla *beyla, FILE *out, const struct yaml_node *node, bool regex, bool exclude,
                           bool *selects)
{
    for (unsigned i = 0; i < array_size(fields); i++) {
        const struct field *field = &fields[i];
        enum form form = regex ? field->regex : field->glob;
        if (!str_equal(node->key, str_from(field->theirs)) || node->kind == YAML_MAP)
            continue;
        if (exclude && form == NAME)
            return true;
        bool list = form == PORTS || form == REGEX || form == GLOB || form == PIDS;
        fprintf(out, "      %s: %s", field->ours, list ? "[" : "");
        if (!field_write(out, form, node)) {
            beyla_note(beyla, node, "no equivalent; the whole rule is left out");
            return false;
        }
        fputs(list ? "]\n" : "\n", out);
        *selects |= field->selects;
        return true;
    }
    if (strncmp(node->key.p, "exports", 7) == 0 || strcmp(node->key.p, "sampler") == 0 ||
        strcmp(node->key.p, "routes") == 0 || strcmp(node->key.p, "metrics") == 0) {
        beyla_note(beyla, node, "no equivalent of its own for a rule");
        return true;
    }
    beyla_note(beyla, node, "no equivalent; the whole rule is left out");
    return false;
}

// Writes one rule, or nothing.
static bool rule_write(struct beyla *beyla, FILE *out, const struct yaml_node *rule, bool regex, bool exclude)
{
    char *text = NULL;
    size_t size = 0;
    bool selects = false, good = rule->kind == YAML_MAP;
    FILE *lines = open_memstream(&text, &size);
    if (!lines)
        return false;
    for (const struct yaml_node *node = good ? rule->first : NULL; node; node = node->next)
        if (node->kind != YAML_NULL && !rule_key_write(beyla, lines, node, regex, exclude, &selects))
            good = false;
    fclose(lines);
    if (good && selects && size > 6) {
        text[4] = '-'; // of the first line
        fputs(text, out);
    }
    free(text);
    beyla->done[rule - beyla->yaml.nodes] = true;
    for (const struct yaml_node *node = rule->first; node; node = node->next)
        beyla->done[node - beyla->yaml.nodes] = true;
    return good && selects;
}

static void lists_write(struct beyla *beyla, FILE *out, const char *regex_key, const char *glob_key, bool exclude)
{
    const struct yaml_node *discovery = yaml_get(beyla->yaml.root, STR("discovery"));
    for (unsigned regex = 0; regex < 2; regex++) {
        const struct yaml_node *list = beyla_take(beyla, discovery, regex ? regex_key : glob_key);
        for (const struct yaml_node *rule = list && list->kind == YAML_LIST ? list->first : NULL; rule;
             rule = rule->next)
            (void)rule_write(beyla, out, rule, regex, exclude);
    }
}

// open_port and what names an executable: one rule, both must match.
static void single_write(struct beyla *beyla, FILE *out)
{
    const struct yaml_node *port = beyla_take(beyla, beyla->yaml.root, "open_port");
    const struct yaml_node *name = beyla_take(beyla, beyla->yaml.root, "executable_name");
    const struct yaml_node *path = name ? name : beyla_take(beyla, beyla->yaml.root, "executable_path");
    const struct yaml_node *glob = beyla_take(beyla, beyla->yaml.root, "auto_target_exe");
    const struct {
        const struct yaml_node *node;
        const char *ours;
        enum form form;
    } parts[] = {{port, "ports", PORTS}, {glob ? glob : path, "exe", glob ? GLOB : REGEX}};
    char *text = NULL;
    size_t size = 0;
    bool good = true;
    FILE *lines = open_memstream(&text, &size);
    for (unsigned i = 0; lines && i < array_size(parts); i++) {
        if (!parts[i].node || (parts[i].node->text.p && !parts[i].node->text.n))
            continue;
        fprintf(lines, "      %s: [", parts[i].ours);
        if (!field_write(lines, parts[i].form, parts[i].node)) {
            beyla_note(beyla, parts[i].node, "no equivalent; a name or a simple expression (. .* .+ ^ $ |) has one");
            good = false;
        }
        fputs("]\n", lines);
    }
    if (lines)
        fclose(lines);
    if (good && size > 6) {
        text[4] = '-';
        fputs(text, out);
    }
    free(text);
}

// Did they select anything?
static bool selects(const struct beyla *beyla)
{
    static const char *const keys[] = {"open_port", "executable_name", "executable_path", "auto_target_exe"};
    const struct yaml_node *discovery = yaml_get(beyla->yaml.root, STR("discovery"));
    bool any = yaml_get(discovery, STR("services")) || yaml_get(discovery, STR("instrument"));
    for (unsigned i = 0; i < array_size(keys); i++)
        any |= yaml_get(beyla->yaml.root, str_from(keys[i])) != NULL;
    return any;
}

void beyla_rules(struct beyla *beyla)
{
    char *rules = NULL, *excludes = NULL;
    size_t rules_size = 0, excludes_size = 0;
    FILE *selected = open_memstream(&rules, &rules_size), *excluded = open_memstream(&excludes, &excludes_size);
    if (selected && excluded) {
        single_write(beyla, selected);
        lists_write(beyla, selected, "services", "instrument", false);
        lists_write(beyla, excluded, "exclude_services", "exclude_instrument", true);
    }
    if (selected)
        fclose(selected);
    if (excluded)
        fclose(excluded);
    if (rules_size || excludes_size)
        fputs("discovery:\n", beyla->out);
    if (rules_size)
        fprintf(beyla->out, "  rules:\n%s", rules);
    else if (selects(beyla))
        fputs("# No rule of theirs could be said: as it stands, every process is observed.\n", beyla->out);
    if (excludes_size)
        fprintf(beyla->out, "  exclude:\n%s", excludes);
    free(rules);
    free(excludes);
}
