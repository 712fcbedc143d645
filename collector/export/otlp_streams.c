// See otlp_streams.h.
#include "collector/export/otlp_streams.h"

#include <errno.h>

// Where a destination is counted: where it stands in the settings, or where nobody is.
static int slot_find(const struct self *self, enum self_signal signal, unsigned usual)
{
    if (!self->exports[usual][signal].destination)
        return (int)usual;
    for (unsigned i = 0; i < OTLP_DESTINATIONS_MAX; i++)
        if (!self->exports[i][signal].destination)
            return (int)i;
    return -ENOSPC;
}

static int stream_add(struct otlp_streams *streams, const struct otlp_streams_place *place, enum self_signal signal,
                      const struct otlp_settings *settings, unsigned number)
{
    int slot = slot_find(place->self, signal, number);
    const struct otlp_stream_settings stream = {
        .endpoint = &settings->destination[number].endpoint[signal],
        .destination = (unsigned)slot,
        .signal = signal,
        .give_up_ns = settings->give_up_ns[signal],
        .items_max = signal == SELF_SIGNAL_TRACES ? settings->queue_max : 0,
    };
    int r = slot < 0 ? slot
                     : otlp_stream_new(&streams->list[streams->n], place->http, place->loop, place->self, &stream,
                                       &place->owner);
    streams->n += r == 0;
    return r;
}

// A stream of before that goes to this endpoint, taken out of them; NULL: there is none.
static struct otlp_stream *stream_keep(struct otlp_streams *before, const struct otlp_endpoint *endpoint)
{
    for (unsigned i = 0; i < before->n; i++)
        if (otlp_endpoint_same(otlp_stream_endpoint(before->list[i]), endpoint)) {
            struct otlp_stream *kept = before->list[i];
            before->list[i] = before->list[--before->n];
            return kept;
        }
    return NULL;
}

int otlp_streams_open(struct otlp_streams *streams, const struct otlp_streams_place *place, enum self_signal signal,
                      const struct otlp_settings *settings, struct otlp_retired *retired)
{
    struct otlp_streams before = *streams;
    int r = 0;
    *streams = (struct otlp_streams){.n = 0};
    for (unsigned i = 0; i < settings->destinations; i++) {
        const struct otlp_endpoint *endpoint = &settings->destination[i].endpoint[signal];
        if (!endpoint->url)
            continue;
        struct otlp_stream *kept = stream_keep(&before, endpoint);
        int added = 0;
        if (kept)
            streams->list[streams->n++] = kept;
        else
            added = stream_add(streams, place, signal, settings, i);
        r = r < 0 ? r : added;
        streams->forms.packed |= endpoint->gzip;
        streams->forms.plain |= !endpoint->gzip;
    }
    for (unsigned i = 0; i < before.n; i++)
        otlp_retired_add(retired, before.list[i]);
    return r;
}
