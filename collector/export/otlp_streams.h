// The streams of one signal: one for each destination that the settings name, also when they name others while running.
// Called by otlp.c.
#pragma once

#include "collector/export/otlp_retired.h"
#include "collector/export/otlp_settings.h"
#include "collector/export/otlp_stream.h"

struct otlp_streams {
    struct otlp_stream *list[OTLP_DESTINATIONS_MAX];
    unsigned n;
    struct otlp_payload_forms forms; // that are asked for by at least one
};

// What streams are made with.
struct otlp_streams_place {
    struct otlp_http *http;
    struct loop *loop;
    struct self *self;
    struct otlp_stream_owner owner;
};

// Opens a stream for each endpoint of the signal; one that is there for the same endpoint stays as it is, others go to
// retired. 0 or -errno: then at least one is missing.
int otlp_streams_open(struct otlp_streams *streams, const struct otlp_streams_place *place, enum self_signal signal,
                      const struct otlp_settings *settings, struct otlp_retired *retired) must_check;
