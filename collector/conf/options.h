// What the collector is told: command line over environment over file over default. `redstart run` reads the same
// struct before it starts anything, so that a mistake is named at once and by one piece of code.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/conf/attribute_selection.h"
#include "collector/conf/complaint.h"
#include "collector/conf/otlp_target.h"
#include "collector/conf/setting.h"
#include "collector/conf/text_pool.h"
#include "collector/core/arena.h"
#include "collector/export/otlp.h"
#include "collector/export/text.h"
#include "collector/meta/naming_rule.h"
#include "collector/span/route_config.h"
#include "collector/span/sampler.h"
#include "collector/span/self_instrumented.h"
#include "collector/span/trace_context.h"
#include "common/lib/log.h"

#define OPTIONS_LOADER_SOCKET "/run/redstart/loader.sock"

struct collector_options {
    bool help, version;
    const char *config; // the file's name; NULL: none
    int config_fd;      // it is open already; -1: it is not
    struct yaml file;   // its texts: what pointers below may point into
    struct setting_origin origin[SETTING_MAX];

    const char *loader_socket;
    const char *service_name; // NULL: each service its own
    uint64_t series_ttl_ns;   // 0: never forgotten
    unsigned series_max;      // of each metric, beside the overflow series
    struct histogram_bounds bounds_duration, bounds_size;
    enum log_level log_level;
    enum log_format log_format;

    const char *known_methods; // OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS; NULL: the default

    const char *record;  // file to write what intake receives; NULL: none
    const char *replay;  // recording to take instead of a loader's records; NULL: none
    bool replay_metrics; // print the page of metrics at its end

    bool print_traces;
    enum text_format trace_format;

    bool prometheus;
    const char *prometheus_address; // NULL localhost, "" all, else an IP address
    uint16_t prometheus_port;
    const char *prometheus_path;
    const char *web_config; // the file's name; NULL: none

    // Where to push. Those of the file are there before the variables are read, and only if there is no --otlp.
    struct otlp_target target[OTLP_DESTINATIONS_MAX];
    unsigned targets;
    const char *otlp_protocol; // --otlp-protocol before any --otlp: of all; NULL: not given

    bool otlp; // at least one signal to one of them
    struct otlp_settings push;
    unsigned sampler_name; // of the schema's names
    double sampler_arg;
    struct sampler sampler; // what both make
    struct propagators propagators;
    struct route_config routes;
    struct attribute_selection attributes;
    enum metric_names metric_names;
    struct self_instrumented_options self_instrumented;

    const struct naming_rule *naming; // what services are called; in naming_arena
    unsigned naming_count;
    struct arena naming_arena;

    struct text_pool texts; // what the pointers above point into, if not into argv or the environment
};

extern const char options_help[];

// 0, or -EINVAL with complaint->error; then too the options are to be released. environment as in main().
int options_parse(struct collector_options *options, int argc, char **argv, char *const *environment,
                  struct complaint *complaint) must_check;
void options_release(struct collector_options *options);
// A NUL-terminated copy that lives as long as the options; NULL (and an error) when they are too long in all.
char *options_keep(struct collector_options *options, struct complaint *complaint, struct str text);
