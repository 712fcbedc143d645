// Checks selectors; see selectors.h. The loader checks them again: it believes nobody.
#include "collector/cli/selectors.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include "collector/conf/environment.h"
#include "collector/conf/value.h"

#define PATTERN_MAX 256
#define RULE_MAX    4096
#define PID_MAX     4194304

static int item_check(enum selector_kind kind, const char *option, struct str item, struct complaint *complaint)
{
    struct value_ports ports;
    uint64_t pid;
    switch (kind) {
    case SELECTOR_PORT:
        if (value_ports(item, &ports) == 0)
            return 0;
        return complaint_error(complaint, "%s " STR_FMT ": expected ports from 1 to 65535 such as 8080,9000-9010",
                               option, STR_ARG(item));
    case SELECTOR_PID:
        if (value_number(item, 1, PID_MAX, &pid) < 0)
            return complaint_error(complaint, "%s " STR_FMT ": expected a process id from 1 to %d", option,
                                   STR_ARG(item), PID_MAX);
        if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
            return complaint_error(complaint, "%s " STR_FMT ": expected a running process; there is none with this id",
                                   option, STR_ARG(item));
        return 0;
    default: // globs: any text matches something
        if (item.n < PATTERN_MAX)
            return 0;
        return complaint_error(complaint, "%s: expected patterns of at most %d bytes", option, PATTERN_MAX - 1);
    }
}

int selectors_add(struct selectors *selectors, enum selector_kind kind, bool exclude, const char *option,
                  const char *list, struct complaint *complaint)
{
    static const char *const names[2][SELECTOR_KIND_MAX] = {
        {"--port", "--exe", "--pid", "--unit", "--cgroup"},
        {"--exclude-port", "--exclude-exe", "--exclude-pid", "--exclude-unit", "--exclude-cgroup"},
    };
    struct str rest = str_from(list), item;
    unsigned before = selectors->count;
    while (value_list_next(&rest, &item)) {
        int r = item_check(kind, option, item, complaint);
        if (r < 0)
            return r;
        char *name = text_pool_keep(&selectors->texts, str_from(names[exclude][kind]));
        char *value = text_pool_keep(&selectors->texts, item);
        if (!name || !value || selectors->count + 2 > SELECTORS_MAX)
            return complaint_error(complaint, "%s: too many selectors, at most %d", option, SELECTORS_MAX / 2);
        selectors->argument[selectors->count++] = name;
        selectors->argument[selectors->count++] = value;
        selectors->kinds[exclude][kind]++;
    }
    if (selectors->count == before)
        return complaint_error(complaint, "%s: expected a value", option);
    return 0;
}

int selectors_glob(struct str text, char *ret_glob, size_t size)
{
    size_t n = 0, i = text.n && text.p[0] == '^' ? 1 : 0;
    bool open_end = !(text.n && text.p[text.n - 1] == '$' && (text.n < 2 || text.p[text.n - 2] != '\\'));
    size_t end = open_end ? text.n : text.n - 1;
    if (i == 0)
        ret_glob[n++] = '*';
    for (; i < end; i++) {
        char c = text.p[i], next = i + 1 < end ? text.p[i + 1] : 0;
        if (n + 4 > size)
            return -EINVAL;
        if (c == '.' && (next == '*' || next == '+')) {
            if (next == '+')
                ret_glob[n++] = '?';
            ret_glob[n++] = '*';
            i++;
        } else if (c == '.') {
            ret_glob[n++] = '?';
        } else if (c == '\\' && next && !isalnum((unsigned char)next)) {
            if (strchr("*?[\\", next))
                ret_glob[n++] = '\\';
            ret_glob[n++] = next;
            i++;
        } else if (strchr("\\^$*+?()[]{}", c)) {
            return -EINVAL;
        } else {
            ret_glob[n++] = c;
        }
    }
    if (open_end)
        ret_glob[n++] = '*';
    ret_glob[n] = 0;
    return 0;
}

static int executable_add(struct selectors *selectors, const char *variable, const char *regex,
                          struct complaint *complaint)
{
    for (const char *part = regex; part;) {
        const char *bar = strchr(part, '|');
        char glob[PATTERN_MAX];
        if (selectors_glob((struct str){part, bar ? (size_t)(bar - part) : strlen(part)}, glob, sizeof glob) < 0)
            return complaint_error(complaint,
                                   "%s=%s: expected a name or a simple expression (. .* .+ ^ $ |); "
                                   "use --exe with a glob instead",
                                   variable, regex);
        int r = selectors_add(selectors, SELECTOR_EXE, false, variable, glob, complaint);
        if (r < 0)
            return r;
        part = bar ? bar + 1 : NULL;
    }
    return 0;
}

// What was added from `first` on as one rule, all of whose fields must match.
static int rule_combine(struct selectors *selectors, unsigned first, struct complaint *complaint)
{
    static const struct {
        const char *option, *field;
    } fields[] = {{"--port", "port="}, {"--exe", " exe="}};
    char text[RULE_MAX];
    size_t used = 0;
    for (unsigned i = 0; i < array_size(fields); i++) {
        const char *before = fields[i].field;
        for (unsigned j = first; j < selectors->count && used < sizeof text; j += 2) {
            if (strcmp(selectors->argument[j], fields[i].option) != 0)
                continue;
            for (char *c = selectors->argument[j + 1]; *c; c++) // a blank or comma in a glob would end it
                *c = strchr(" \t,", *c) ? '?' : *c;
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", before, selectors->argument[j + 1]);
            before = ",";
        }
    }
    char *name = text_pool_keep(&selectors->texts, STR("--rule"));
    char *value = used < sizeof text ? text_pool_keep(&selectors->texts, str_from(text)) : NULL;
    if (!name || !value)
        return complaint_error(complaint, "ports and names of executables: expected at most %d bytes", RULE_MAX - 1);
    selectors->argument[first] = name;
    selectors->argument[first + 1] = value;
    selectors->count = first + 2;
    return 0;
}

int selectors_environment(struct selectors *selectors, char *const *environment, struct complaint *complaint)
{
    const char *name = NULL;
    unsigned before = selectors->count;
    bool has_port = selectors->kinds[0][SELECTOR_PORT] > 0, has_exe = selectors->kinds[0][SELECTOR_EXE] > 0;
    const char *ports = has_port ? NULL : environment_get_beyla(environment, "OPEN_PORT", true, &name);
    int r = ports ? selectors_add(selectors, SELECTOR_PORT, false, name, ports, complaint) : 0;
    const char *regex = has_exe ? NULL : environment_get_beyla(environment, "EXECUTABLE_NAME", true, &name);
    if (r == 0 && regex)
        r = executable_add(selectors, name, regex, complaint);
    return r == 0 && ports && regex ? rule_combine(selectors, before, complaint) : r;
}
