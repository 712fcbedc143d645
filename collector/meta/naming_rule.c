// See naming_rule.h. Called by meta/process.c for each rule and process event; pure.
#include "collector/meta/naming_rule.h"

#include <fnmatch.h>
#include <string.h>
#include "collector/meta/naming.h"

#define SUBJECT_MAX 1024 // a longer text is matched as far as this

// A foreign text as fnmatch wants it; what is behind a NUL in it is not looked at.
static const char *text_of(struct str text, char *buffer)
{
    size_t n = text.n < SUBJECT_MAX - 1 ? text.n : SUBJECT_MAX - 1;
    if (n)
        memcpy(buffer, text.p, n);
    buffer[n] = 0;
    return buffer;
}

static bool ports_match(const struct naming_rule *rule, const struct naming_subject *subject)
{
    for (unsigned i = 0; i < rule->port_count; i++)
        for (unsigned j = 0; j < subject->port_count; j++)
            if (subject->ports[j] >= rule->ports[i].low && subject->ports[j] <= rule->ports[i].high)
                return true;
    return rule->port_count == 0;
}

static bool exe_matches(const struct naming_rule *rule, struct str exe)
{
    char path[SUBJECT_MAX], base[SUBJECT_MAX];
    text_of(naming_exe_path(exe), path);
    text_of(naming_exe_base(exe), base);
    for (unsigned i = 0; i < rule->exe_count; i++)
        if (fnmatch(rule->exe[i], strchr(rule->exe[i], '/') ? path : base, 0) == 0)
            return true;
    return rule->exe_count == 0;
}

static bool pids_match(const struct naming_rule *rule, const struct naming_subject *subject)
{
    for (unsigned i = 0; i < rule->pid_count; i++)
        for (unsigned j = 0; j < subject->lineage_count; j++)
            if (rule->pids[i] == subject->lineage[j])
                return true;
    return rule->pid_count == 0;
}

static bool units_match(const struct naming_rule *rule, struct str unit)
{
    static const char service[] = ".service";
    char text[SUBJECT_MAX];
    text_of(unit, text);
    size_t n = strlen(text), suffix = sizeof service - 1;
    for (unsigned i = 0; unit.n && i < rule->unit_count; i++) {
        if (fnmatch(rule->units[i], text, 0) == 0)
            return true;
        if (n <= suffix || strcmp(text + n - suffix, service) != 0)
            continue;
        text[n - suffix] = 0;
        bool matches = fnmatch(rule->units[i], text, 0) == 0;
        text[n - suffix] = '.';
        if (matches)
            return true;
    }
    return rule->unit_count == 0;
}

static bool cgroups_match(const struct naming_rule *rule, struct str cgroup)
{
    char path[SUBJECT_MAX];
    text_of(cgroup, path);
    for (unsigned i = 0; i < rule->cgroup_count; i++)
        if (path[0] && fnmatch(rule->cgroups[i], path, FNM_LEADING_DIR) == 0)
            return true;
    return rule->cgroup_count == 0;
}

bool naming_rule_matches(const struct naming_rule *rule, const struct naming_subject *subject)
{
    return (!rule->containers_only || subject->container) && ports_match(rule, subject) &&
           exe_matches(rule, subject->exe) && pids_match(rule, subject) && units_match(rule, subject->unit) &&
           cgroups_match(rule, subject->cgroup);
}
