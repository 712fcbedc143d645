// A comma list of names, as OpenTelemetry has them; see propagators.h.
#include "collector/conf/propagators.h"

#include <stdio.h>
#include "collector/conf/environment.h"
#include "collector/conf/value.h"

#define EXPECTED "expected tracecontext, baggage, b3, b3multi (a comma list of them) or none"

enum { READS_NOTHING = PROPAGATOR_MAX };

static const struct {
    struct str name;
    unsigned propagator;
} known[] = {
    {{"tracecontext", 12}, PROPAGATOR_TRACECONTEXT},
    {{"b3", 2}, PROPAGATOR_B3}, // either reads both encodings, as the specification has it
    {{"b3multi", 7}, PROPAGATOR_B3},
    {{"baggage", 7}, READS_NOTHING}, // is for the services themselves
};

static bool propagators_have(const struct propagators *propagators, unsigned propagator)
{
    for (unsigned i = 0; i < propagators->count; i++)
        if (propagators->order[i] == propagator)
            return true;
    return false;
}

// False: no such name.
static bool propagators_add(struct propagators *propagators, struct str name)
{
    for (unsigned i = 0; i < array_size(known); i++) {
        if (!str_equal_nocase(name, known[i].name))
            continue;
        if (known[i].propagator != READS_NOTHING && !propagators_have(propagators, known[i].propagator))
            propagators->order[propagators->count++] = (uint8_t)known[i].propagator;
        return true;
    }
    return false;
}

static bool is_none(const char *list)
{
    struct str rest = str_from(list), item, more;
    return value_list_next(&rest, &item) && str_equal_nocase(item, STR("none")) && !value_list_next(&rest, &more);
}

int propagators_parse(const char *list, struct propagators *ret_propagators, struct complaint *complaint)
{
    struct propagators parsed = {0};
    struct str rest = str_from(list), item;
    unsigned items = 0;
    bool none = is_none(list);
    for (; !none && value_list_next(&rest, &item); items++)
        if (!propagators_add(&parsed, item))
            return complaint_error(complaint, "--propagators " STR_FMT ": " EXPECTED, STR_ARG(item));
    if (!items && !none)
        return complaint_error(complaint, "--propagators: " EXPECTED);
    *ret_propagators = parsed;
    return 0;
}

bool propagators_environment(char *const *environment, struct propagators *propagators, struct complaint *complaint)
{
    const char *list = environment_get(environment, "OTEL_PROPAGATORS");
    struct propagators parsed = {0};
    struct str rest = str_from(list), item;
    unsigned items = 0;
    bool none = list && is_none(list);
    while (!none && value_list_next(&rest, &item)) {
        if (propagators_add(&parsed, item))
            items++;
        else
            complaint_warn(complaint, "OTEL_PROPAGATORS: " STR_FMT ": " EXPECTED "; ignored", STR_ARG(item));
    }
    if (!items && !none)
        return false;
    *propagators = parsed;
    return true;
}

void propagators_write(const struct propagators *propagators, char *text, size_t size)
{
    static const char *const names[PROPAGATOR_MAX] = {
        [PROPAGATOR_TRACECONTEXT] = "tracecontext",
        [PROPAGATOR_B3] = "b3",
    };
    size_t used = (size_t)snprintf(text, size, "%s", propagators->count ? "" : "none");
    for (unsigned i = 0; i < propagators->count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", names[propagators->order[i]]);
}
