// Destinations; see otlp_destination.h. With --otlp there are those and no others. Without, a signal that a variable
// gives an endpoint goes there and nowhere else; the others go to every place that the file names for them.
#include "collector/conf/otlp_destination.h"

#include <stdio.h>
#include "collector/conf/environment.h"
#include "collector/conf/otlp_endpoint.h"
#include "collector/conf/value.h"

// What the variables say of one signal.
struct wish {
    bool asked;    // by OTEL_<SIGNAL>_EXPORTER
    bool refused;  // by the same
    bool endpoint; // there is one
};

// OTEL_<SIGNAL>_EXPORTER is a comma list: "otlp" asks for it, any other list is against it.
static void exporter_read(const struct otlp_endpoint_source *source, enum self_signal signal, struct wish *wish)
{
    char name[OTLP_VARIABLE_NAME_MAX];
    snprintf(name, sizeof name, "OTEL_%s_EXPORTER", otlp_endpoint_signal(signal));
    struct str list = str_from(environment_get(source->environment, name)), item;
    bool any = false;
    while (value_list_next(&list, &item)) {
        any = true;
        if (str_equal_nocase(item, STR("otlp")))
            wish->asked = true;
        else if (!str_equal_nocase(item, STR("none")) && !str_equal_nocase(item, STR("console")) &&
                 !str_equal_nocase(item, STR("prometheus")))
            complaint_warn(source->complaint, "%s=" STR_FMT ": expected otlp, prometheus, console or none; ignored",
                           name, STR_ARG(item));
    }
    wish->refused = any && !wish->asked;
}

static void wishes_read(const struct otlp_endpoint_source *source, struct wish *wishes)
{
    char name[OTLP_VARIABLE_NAME_MAX];
    for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++) {
        wishes[signal] = (struct wish){.endpoint = otlp_endpoint_variable(source, signal, "ENDPOINT", name)};
        exporter_read(source, signal, &wishes[signal]);
    }
}

// One more destination, of these signals; none if there are no signals.
static int destination_add(const struct otlp_endpoint_source *source, unsigned signals)
{
    struct otlp_settings *push = &source->options->push;
    if (!signals)
        return 0;
    if (push->destinations == OTLP_DESTINATIONS_MAX)
        return complaint_error(source->complaint, "OTLP: expected at most %d destinations", OTLP_DESTINATIONS_MAX);
    struct otlp_destination *destination = &push->destination[push->destinations++];
    int r = 0;
    for (unsigned signal = 0; r == 0 && signal < SELF_SIGNAL_MAX; signal++)
        if (signals & 1u << signal)
            r = otlp_endpoint_read(source, signal, &destination->endpoint[signal]);
    return r;
}

static unsigned target_signals(const struct otlp_target *target)
{
    return target->signals ? target->signals : (1u << SELF_SIGNAL_MAX) - 1;
}

// Each of options->target, of its signals among `allowed`.
static int targets_read(struct otlp_endpoint_source source, unsigned allowed)
{
    int r = 0;
    for (unsigned i = 0; r == 0 && i < source.options->targets; i++) {
        source.target = &source.options->target[i];
        r = destination_add(&source, target_signals(source.target) & allowed);
    }
    return r;
}

int otlp_destination_read(struct collector_options *options, char *const *environment, struct complaint *complaint)
{
    const struct otlp_endpoint_source source = {options, environment, complaint, NULL};
    bool of_command_line = options->targets && !options->target[0].where, disabled = false;
    struct wish wishes[SELF_SIGNAL_MAX];
    unsigned by_variables = 0, by_file = 0, in_file = 0;
    environment_boolean(environment, "OTEL_SDK_DISABLED", complaint, &disabled);
    if (disabled && !of_command_line)
        return 0;
    wishes_read(&source, wishes);
    for (unsigned i = 0; i < options->targets; i++)
        in_file |= target_signals(&options->target[i]);
    for (unsigned signal = 0; signal < SELF_SIGNAL_MAX; signal++) {
        const struct wish *wish = &wishes[signal];
        if (wish->endpoint || (wish->asked && !(in_file & 1u << signal)))
            by_variables |= wish->refused ? 0 : 1u << signal;
        else
            by_file |= wish->refused ? 0 : 1u << signal;
    }
    int r = of_command_line ? targets_read(source, ~0u) : destination_add(&source, by_variables);
    if (r == 0 && !of_command_line)
        r = targets_read(source, by_file);
    options->otlp = options->push.destinations > 0;
    return r;
}
