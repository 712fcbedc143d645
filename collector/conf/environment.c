// Environment variables; see environment.h. Used by the command (selectors) and the collector (outputs).
#include "collector/conf/environment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "collector/conf/value.h"

const char *environment_get(char *const *environment, const char *name)
{
    size_t n = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return (*environment)[n + 1] ? *environment + n + 1 : NULL;
    return NULL;
}

const char *environment_get_beyla(char *const *environment, const char *name, bool bare, const char **ret_name)
{
    static const char *const prefixes[] = {"BEYLA_", "OTEL_EBPF_", ""};
    static char full[64]; // the name that was found, until the next call
    for (unsigned i = 0; i < (bare ? 3u : 2u); i++) {
        snprintf(full, sizeof full, "%s%s", prefixes[i], name);
        const char *value = environment_get(environment, full);
        if (value) {
            if (ret_name)
                *ret_name = full;
            return value;
        }
    }
    return NULL;
}

bool environment_number(char *const *environment, const char *name, uint64_t min, uint64_t max,
                        struct complaint *complaint, uint64_t *value)
{
    const char *text = environment_get(environment, name);
    if (!text)
        return false;
    if (value_number(str_from(text), min, max, value) == 0)
        return true;
    complaint_warn(complaint, "%s=%s: expected a number from %" PRIu64 " to %" PRIu64 "; ignored", name, text, min,
                   max);
    return false;
}

bool environment_boolean(char *const *environment, const char *name, struct complaint *complaint, bool *value)
{
    const char *text = environment_get(environment, name);
    if (!text)
        return false;
    if (value_boolean(text, value) == 0)
        return true;
    complaint_warn(complaint, "%s=%s: expected true or false; taken as false", name, text);
    *value = false;
    return true;
}
