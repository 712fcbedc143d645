// One signal on its way to one destination: the payload under way, those that wait, what is counted and logged of them.
// Called by otlp.c. No stream waits for another. The owner of what is logged about a destination.
#pragma once

#include "collector/export/otlp_backlog.h"
#include "collector/export/otlp_http.h"
#include "collector/export/otlp_settings.h"
#include "collector/red/self.h"

struct otlp_stream;

struct otlp_stream_settings {
    const struct otlp_endpoint *endpoint;
    unsigned destination; // its number
    enum self_signal signal;
    uint64_t give_up_ns;
    unsigned items_max; // of what waits; 0: any
};

struct otlp_stream_owner {
    // Nothing is under way any more, and nothing waits. May offer. NULL: nobody wants to know.
    void (*idle)(void *context);
    void *context;
};

// Copies the settings' endpoint. 0 or -errno.
int otlp_stream_new(struct otlp_stream **ret_stream, struct otlp_http *http, struct loop *loop, struct self *self,
                    const struct otlp_stream_settings *settings, const struct otlp_stream_owner *owner) must_check;
void otlp_stream_free(struct otlp_stream *stream);
const struct otlp_endpoint *otlp_stream_endpoint(const struct otlp_stream *stream);
// Sends it, or has it wait. What finds no room is lost and counted: of spans the new ones; of points the oldest, for
// the newest are worth more. Takes a reference of its own.
void otlp_stream_offer(struct otlp_stream *stream, struct otlp_payload *payload);
// Items that were lost before they came into a payload.
void otlp_stream_shed(struct otlp_stream *stream, unsigned units);
bool otlp_stream_idle(const struct otlp_stream *stream);
// The endpoint could not be reached at the end: nothing is sent any more.
bool otlp_stream_given_up(const struct otlp_stream *stream);
// Says how many items are in no payload yet: they count as waiting.
void otlp_stream_coming(struct otlp_stream *stream, unsigned items);
// Is there room for one more item?
bool otlp_stream_has_room(const struct otlp_stream *stream);
// The end is near: an endpoint that cannot be reached is given up.
void otlp_stream_hurry(struct otlp_stream *stream);
// The end is here: what was not sent is counted as given up.
void otlp_stream_abandon(struct otlp_stream *stream);
