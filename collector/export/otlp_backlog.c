// See otlp_backlog.h. The list runs through the payloads themselves.
#include "collector/export/otlp_backlog.h"

bool otlp_backlog_fits(const struct otlp_backlog *backlog, const struct otlp_payload *payload)
{
    bool items_fit = !backlog->items_max || backlog->items + payload->items <= backlog->items_max;
    return !backlog->first || (items_fit && backlog->bytes + otlp_payload_size(payload) <= backlog->bytes_max);
}

void otlp_backlog_push(struct otlp_backlog *backlog, struct otlp_payload *payload)
{
    payload->next[backlog->destination] = NULL;
    if (backlog->last)
        backlog->last->next[backlog->destination] = payload;
    else
        backlog->first = payload;
    backlog->last = payload;
    backlog->items += payload->items;
    backlog->bytes += otlp_payload_size(payload);
}

struct otlp_payload *otlp_backlog_pop(struct otlp_backlog *backlog)
{
    struct otlp_payload *payload = backlog->first;
    if (!payload)
        return NULL;
    backlog->first = payload->next[backlog->destination];
    if (!backlog->first)
        backlog->last = NULL;
    backlog->items -= payload->items;
    backlog->bytes -= otlp_payload_size(payload);
    return payload;
}
