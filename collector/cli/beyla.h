// `redstart check --from-beyla FILE`: a file of Grafana Beyla, or of OpenTelemetry eBPF instrumentation, as ours. What
// has no equivalent is said, a line each with its line number; nothing is dropped in silence.
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include "collector/conf/yaml.h"

// One conversion. What is read is marked; what is not marked at the end has no equivalent.
struct beyla {
    struct yaml yaml;
    bool *done; // of each node
    FILE *out, *notes;
};

// Converts the bytes: our file to out, what has no equivalent to notes. 0; -EINVAL with complaint->error: it is not
// YAML.
int beyla_convert(const char *file, struct str bytes, char *const *environment, FILE *out, FILE *notes,
                  struct complaint *complaint) must_check;

// For the files of sections. The value of a key, which counts as read; NULL: there is none.
const struct yaml_node *beyla_take(struct beyla *beyla, const struct yaml_node *map, const char *key);
// "FILE:LINE: PATH: ..." among the notes; the node and what is in it count as read.
void beyla_note(struct beyla *beyla, const struct yaml_node *node, const char *format, ...) printf_like(3, 4);
// Would our file take this text as a value of that path?
bool beyla_fits(const char *path, struct str text);
// In double quotes, whatever it is.
void beyla_quote(FILE *out, struct str text);

// Each writes its part of our file.
void beyla_rules(struct beyla *beyla);
void beyla_exports(struct beyla *beyla);
void beyla_routes(struct beyla *beyla);
void beyla_attributes(struct beyla *beyla);
