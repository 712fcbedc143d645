// One signal's way to its endpoint: one request at a time, sent again by the rules of otlp_retry.h until it is
// accepted, refused, or too old. Called by otlp_stream.c. The answer's bytes are the endpoint's: bounded, read by the
// owner.
#pragma once

#include "collector/core/loop.h"
#include "collector/export/otlp_request.h"

enum otlp_outcome { OTLP_OUTCOME_ACCEPTED, OTLP_OUTCOME_REFUSED, OTLP_OUTCOME_GAVE_UP };

struct otlp_channel_settings {
    const struct otlp_endpoint *endpoint;
    uint64_t give_up_ns; // of all attempts
};

struct otlp_channel_owner {
    // The request has come to its end; body: of an accepted one's answer. May send the next one.
    void (*done)(void *context, enum otlp_outcome outcome, const struct otlp_answer *answer, struct str body);
    // An attempt failed, the next one follows after delay_ns.
    void (*retry)(void *context, const struct otlp_answer *answer, uint64_t delay_ns);
    void *context;
};

struct otlp_channel;
// Keeps the settings' pointers. 0 or -errno.
int otlp_channel_new(struct otlp_channel **ret_channel, struct otlp_http *http, struct loop *loop,
                     const struct otlp_channel_settings *settings, const struct otlp_channel_owner *owner) must_check;
void otlp_channel_free(struct otlp_channel *channel);
// Only while no request is under way. The body stays the caller's, until done.
void otlp_channel_send(struct otlp_channel *channel, struct str body);
// The end is near: what waits is tried now, and an endpoint that cannot be reached is given up at once.
void otlp_channel_hurry(struct otlp_channel *channel);
// The end is here: the owner is told that the request, if any, is given up.
void otlp_channel_abort(struct otlp_channel *channel);
