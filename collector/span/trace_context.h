// The caller's trace, as a request carries it, whichever headers say so. Called by span/exchange.c; the headers are
// foreign text. Which ones are read, and in what order, is OTEL_PROPAGATORS'.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/l7/http1.h"

struct trace_context {
    bool has_parent; // the ids are there
    uint8_t trace_id[16], parent_id[8];
    bool decided, sampled;  // whether the trace is kept is decided upstream; if so: how
    struct str trace_state; // "" if there is none or it cannot be passed on
};

enum propagator { PROPAGATOR_TRACECONTEXT, PROPAGATOR_B3, PROPAGATOR_MAX };

// Read in this order; of several that find ids the last one wins, as in OpenTelemetry's composite propagator.
struct propagators {
    uint8_t count, order[PROPAGATOR_MAX]; // enum propagator
};
static const struct propagators propagators_default = {.count = 1, .order = {PROPAGATOR_TRACECONTEXT}};

void trace_context_read(const struct propagators *propagators, const struct http1_headers *headers,
                        struct trace_context *ret_context);

// size bytes from 2 * size lower-case digits. *ret_zero: all of them are 0. False: other characters.
bool trace_context_hex(const char *text, uint8_t *bytes, size_t size, bool *ret_zero);
