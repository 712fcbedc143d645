// All outputs of a run, as the options ask for them, behind one span sink. Called by the collector's main only.
#pragma once

#include <stdint.h>
#include "collector/conf/options.h"
#include "collector/export/prometheus.h"

struct outputs;

// Opens what options name, and has red keep what they need; logs what fails, with what to do. 0 or -errno
// (-EINVAL: what options say, or a file that they name, cannot be).
int outputs_open(struct outputs **ret_outputs, struct loop *loop, const struct collector_options *options,
                 const struct exposition *exposition, struct red *red, struct self *self) must_check;
// What can change while running.
void outputs_reload(struct outputs *outputs, const struct collector_options *options);
void outputs_free(struct outputs *outputs);
// What the outputs read again while they run, for the sandbox. Ends in NULL.
#define OUTPUTS_FILES_MAX (OTLP_FILES_MAX + WEB_FILES_MAX)
void outputs_files(const struct outputs *outputs, const struct collector_options *options,
                   const char *ret_files[OUTPUTS_FILES_MAX + 1]);
// Is there an output that reads spans?
bool outputs_read_spans(const struct outputs *outputs);
// Standard output gets every span, pushing those of sampled traces.
void outputs_span(struct outputs *outputs, const struct span *span);
// Waits for what is queued to leave, at most timeout_ns in all.
void outputs_flush(struct outputs *outputs, uint64_t timeout_ns);
