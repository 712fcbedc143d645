// redstart.yaml as one table: each row is a key with its type, range, default, the option and the variables that say
// the same, and a sentence about it. Validation (schema_check.c), layers (setting.c), `redstart check`, the JSON schema
// and the man page are made from it. A key that has no row does not exist.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "collector/conf/yaml.h"
#include "common/lib/str.h"

enum schema_type {
    SCHEMA_TEXT,     // min ... max bytes in one line
    SCHEMA_BOOLEAN,  // true, false
    SCHEMA_NUMBER,   // min ... max
    SCHEMA_RATIO,    // 0 ... 1
    SCHEMA_DURATION, // 60s; min ... max in ns
    SCHEMA_CHOICE,   // one of names
    SCHEMA_LISTEN,   // 9464, :9464, ADDR:9464
    SCHEMA_PATH,     // of a URL: begins with /
    SCHEMA_PORTS,    // 8080 or 9000-9010
    SCHEMA_ROUTE,    // /users/{id}
    SCHEMA_TEXTS,    // a map of any keys to texts
};

// Settings that hold one value; the other rows are parts of lists, read where their list is.
enum setting {
    SETTING_LOG_LEVEL,
    SETTING_LOG_FORMAT,
    SETTING_SERVICE_NAME,
    SETTING_PROPAGATORS,
    SETTING_KNOWN_METHODS,
    SETTING_ROUTES_UNMATCHED,
    SETTING_ROUTES_VALUES,
    SETTING_TRACES_PRINT,
    SETTING_TRACES_SAMPLER,
    SETTING_TRACES_SAMPLER_ARG,
    SETTING_TRACES_DELAY,
    SETTING_TRACES_QUEUE,
    SETTING_TRACES_BATCH,
    SETTING_TRACES_TIMEOUT,
    SETTING_METRICS_INTERVAL,
    SETTING_METRICS_TIMEOUT,
    SETTING_METRICS_TEMPORALITY,
    SETTING_METRICS_HISTOGRAM,
    SETTING_METRICS_BUCKETS_DURATION,
    SETTING_METRICS_BUCKETS_SIZE,
    SETTING_METRICS_EXEMPLARS,
    SETTING_METRICS_NAMES,
    SETTING_METRICS_SERIES_MAX,
    SETTING_METRICS_SERIES_TTL,
    SETTING_SELF_INSTRUMENTED_METRICS,
    SETTING_SELF_INSTRUMENTED_TRACES,
    SETTING_PROMETHEUS_LISTEN,
    SETTING_PROMETHEUS_PATH,
    SETTING_PROMETHEUS_WEB_CONFIG,
    SETTING_MAX
};

struct schema_row {
    const char *path; // "metrics.series_max"; "[]" stands for each item of a list: "otlp[].headers"
    enum schema_type type;
    bool many;                // one value or a list of them
    bool at_start;            // a reload does not change it
    uint64_t min, max;        // of TEXT in bytes, NUMBER, DURATION in ns
    const char *const *names; // of CHOICE; ends in NULL
    const char *initial;      // the default; NULL: none
    const char *option;       // "--series-max"; NULL: none
    const char *variables;    // with blanks between; the first that is set holds; NULL: none
    uint64_t option_unit;     // ns of a bare number in the option (DURATION); 0: a unit is needed, as in the file
    uint64_t variable_unit;
    size_t offset, size; // of the value in struct collector_options; size 0: setting.c knows more
    const char *about;
};

extern const struct schema_row schema[];
extern const unsigned schema_rows; // the first SETTING_MAX are those of enum setting

// The row of a path; NULL: there is none.
const struct schema_row *schema_find(struct str path);
// Is it a map that rows lie in ("metrics", "otlp[]"), or a list of maps ("otlp")?
bool schema_is_section(struct str path);
bool schema_is_list(struct str path);
// Is it a map of any keys, each a map that rows lie in ("attributes.select")? In paths "*" stands for the key.
bool schema_is_any(struct str path);
// The key of a row right below a section; "" if it is not there.
struct str schema_key_below(const struct schema_row *row, struct str section);
// What a value of this type is: "a number from 1 to 100000". bare_unit: ns of a bare number, else 0.
#define SCHEMA_EXPECTED_SIZE 200
const char *schema_expected(const struct schema_row *row, uint64_t bare_unit, char text[SCHEMA_EXPECTED_SIZE]);

// One value, judged. number: also of BOOLEAN and CHOICE (the index).
struct schema_value {
    struct str text;
    uint64_t number;
    double ratio;
};
// 0 or -EINVAL.
int schema_parse(const struct schema_row *row, struct str text, uint64_t bare_unit,
                 struct schema_value *ret_value) must_check;
// As an option or a variable says it: of a row with many a comma list, as text.
int schema_parse_list(const struct schema_row *row, struct str text, uint64_t bare_unit,
                      struct schema_value *ret_value) must_check;

// The whole document: keys, types, ranges; says all that is wrong. 0 or -EINVAL.
int schema_check(const struct yaml *yaml) must_check;
