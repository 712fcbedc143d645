// Root's rules; see rules.h.
#include "loader/rules.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PID_MAX_LIMIT 4194304 // include/linux/threads.h
#define EXCLUDE       "exclude-"

static const char *const fields[RULE_FIELD_MAX] = {"port", "exe", "pid", "unit", "cgroup", "containers_only"};
static const char expected[] = "values, as in port=8080,9000-9010 exe=java,/srv/*/bin/* pid=4711 unit=shop "
                               "cgroup=/kubepods* containers_only";

static bool ports_add(struct rules *rules, const char *text, uint8_t bit)
{
    for (char *at = (char *)text;; at++) {
        unsigned long first = strtoul(at, &at, 10), last = *at == '-' ? strtoul(at + 1, &at, 10) : first;
        if (!first || first > last || last >= POLICY_PORTS || (*at && *at != ','))
            return false;
        for (; first <= last; first++)
            rules->policy.ports[first] |= bit;
        if (!*at)
            return true;
    }
}

// One value of a field; units and cgroups as they will be matched.
static const char *item_add(struct rules *rules, unsigned index, enum rule_field field, const char *text, int size)
{
    struct rule_item *item = &rules->item[rules->item_count];
    unsigned room = RULES_TEXT_MAX - rules->text_size;
    char *rest;
    unsigned long pid = field == RULE_PID ? strtoul(text, &rest, 10) : 0;

    if (size == 0 || (field == RULE_PID && (rest != text + size || pid == 0 || pid > PID_MAX_LIMIT)))
        return expected;
    bool relative = field == RULE_CGROUP && *text != '/' && *text != '*';
    bool typeless = field == RULE_UNIT && !memchr(text, '.', (size_t)size);
    unsigned n = (unsigned)snprintf(rules->text + rules->text_size, room, "%s%.*s%s", relative ? "/" : "", size, text,
                                    typeless ? ".service" : "");
    if (n >= room || rules->item_count == RULES_ITEMS_MAX)
        return "512 names, and 16 KiB of them, at most";
    *item = (struct rule_item){(uint8_t)index, (uint8_t)field, (uint16_t)rules->text_size, (uint32_t)pid};
    if (pid)
        rules->lineages = rules->lineages * 31 + ((uint64_t)rules->rule[index].lineage_bit << 32 | pid);
    rules->text_size += n + 1;
    rules->item_count++;
    return NULL;
}

// index: of a rule of several fields, or the field itself, for the plain one.
static const char *field_add(struct rules *rules, unsigned index, bool exclude, enum rule_field field, const char *text)
{
    index += index < RULE_FIELD_MAX && exclude ? RULE_FIELD_MAX : 0;
    struct rule *rule = &rules->rule[index];
    uint8_t *bit = field == RULE_PORT ? &rule->port_bit : &rule->lineage_bit;
    const char *wrong = NULL;

    if ((field == RULE_PORT || field == RULE_PID) && !*bit && !(*bit = (uint8_t)(1 << rules->bits++)))
        return "8 rules with ports or pids at most";
    rule->exclude = exclude;
    if (field == RULE_PORT)
        return ports_add(rules, text, rule->port_bit) ? NULL : expected;
    rule->fields |= (uint8_t)(1 << field);
    if (field == RULE_CONTAINERS_ONLY)
        return *text ? expected : NULL;
    for (const char *at = text, *end; at && !wrong; at = *end ? end + 1 : NULL) {
        end = strchrnul(at, ',');
        wrong = item_add(rules, index, field, at, (int)(end - at));
    }
    return wrong;
}

static enum rule_field field_find(const char *name, size_t size)
{
    enum rule_field field = 0;
    while (field < RULE_FIELD_MAX && (strlen(fields[field]) != size || memcmp(fields[field], name, size) != 0))
        field++;
    return field;
}

// The fields of one rule. A rule of one field is that plain option: it needs no bit of its own.
static const char *rule_add(struct rules *rules, bool exclude, const char *text)
{
    bool alone = !strpbrk(text, " \t");
    unsigned index = RULES_PLAIN + rules->count;
    const char *wrong = *text ? NULL : expected;
    char value[1024];

    if (!alone && index == RULES_MAX)
        return "52 rules of several fields at most";
    rules->count += !alone;
    for (const char *at = text; *at && !wrong; at += strspn(at, " \t")) {
        size_t size = strcspn(at, " \t"), name = strcspn(at, "= \t");
        enum rule_field field = field_find(at, name);
        if (field == RULE_FIELD_MAX || size - name >= sizeof value)
            return expected;
        snprintf(value, sizeof value, "%.*s", (int)(size - name), at + name);
        wrong = field_add(rules, alone ? field : index, exclude, field, value + (*value == '='));
        at += size;
    }
    return wrong;
}

const char *rules_add(struct rules *rules, const char *name, const char *value)
{
    bool exclude = strncmp(name, EXCLUDE, sizeof EXCLUDE - 1) == 0;
    const char *word = name + (exclude ? sizeof EXCLUDE - 1 : 0);
    enum rule_field field = field_find(word, strlen(word));

    if (strcmp(word, "rule") == 0)
        return value ? rule_add(rules, exclude, value) : "a value";
    if (field >= RULE_CONTAINERS_ONLY)
        return name;
    return value ? field_add(rules, field, exclude, field, value) : "a value";
}

void rules_finish(struct rules *rules)
{
    struct policy *policy = &rules->policy;

    policy->all = true;
    for (unsigned i = 0; i < RULES_MAX; i++) {
        const struct rule *rule = &rules->rule[i];
        policy->all &= rule->exclude || (!rule->fields && !rule->port_bit);
        policy->names |= rule->fields != 0;
        policy->open |= rule->fields ? 0 : rule->port_bit;
        policy->cgroups |= (rule->fields & (1 << RULE_UNIT | 1 << RULE_CGROUP)) != 0;
        policy->excluding |= rule->exclude ? rule->port_bit : 0;
        policy->lineage |= rule->lineage_bit;
    }
    policy->names |= policy->all;
}

static bool item_matches(const struct rules *rules, const struct rule_item *item, const struct process_event *event,
                         const char *exe)
{
    const char *glob = rules->text + item->text, *slash = strrchr(exe, '/');

    switch (item->field) {
    case RULE_PID:
        return item->pid == event->pid;
    case RULE_EXE:
        return fnmatch(glob, strchr(glob, '/') || !slash ? exe : slash + 1, 0) == 0;
    case RULE_CGROUP:
        return fnmatch(glob, event->cgroup, FNM_LEADING_DIR) == 0;
    }
    // A unit: any part of the path, which goes through slices, and through users' managers to their units.
    for (const char *at = event->cgroup; (at = strchr(at, '/')); at++)
        if (fnmatch(glob, at + 1, FNM_PATHNAME | FNM_LEADING_DIR) == 0)
            return true;
    return false;
}

struct rules_verdict rules_judge(const struct rules *rules, const struct process_event *event, const char *exe,
                                 uint8_t lineage, bool contained)
{
    struct rules_verdict verdict = {.selected = rules->policy.all};
    uint8_t met[RULES_MAX] = {0};

    for (unsigned i = 0; i < rules->item_count; i++)
        if (item_matches(rules, &rules->item[i], event, exe))
            met[rules->item[i].rule] |= (uint8_t)(1 << rules->item[i].field);
    for (unsigned i = 0; i < RULES_MAX; i++) {
        const struct rule *rule = &rules->rule[i];
        met[i] |= contained ? 1 << RULE_CONTAINERS_ONLY : 0;
        met[i] |= lineage & rule->lineage_bit ? 1 << RULE_PID : 0;
        verdict.bits |= met[i] & 1 << RULE_PID ? rule->lineage_bit : 0;
        if ((met[i] & rule->fields) != rule->fields)
            continue;
        verdict.bits |= rule->port_bit;
        if (!rule->port_bit && rule->fields)
            *(rule->exclude ? &verdict.excluded : &verdict.selected) = true;
    }
    return verdict;
}
