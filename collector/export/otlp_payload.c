// Encoded requests with a count of who holds them; see otlp_payload.h. One thread.
#include "collector/export/otlp_payload.h"

#include <errno.h>
#include <stdlib.h>
#include "collector/export/otlp_gzip.h"

int otlp_payload_new(struct otlp_payload **ret_payload, struct buffer *body, struct otlp_payload_forms forms,
                     unsigned units, unsigned items)
{
    struct buffer packed;
    struct otlp_payload *payload = calloc(1, sizeof(*payload));
    if (!payload)
        return -ENOMEM;
    buffer_init(&packed, body->n + body->n / 8 + 1024);
    if (forms.packed && otlp_gzip(body, &packed) != 0) {
        buffer_release(&packed);
        free(payload);
        return -ENOMEM;
    }
    payload->references = 1;
    payload->units = units;
    payload->items = items;
    if (forms.packed)
        payload->packed = buffer_take(&packed, &payload->packed_n);
    if (forms.plain)
        payload->plain = buffer_take(body, &payload->plain_n);
    payload->body = body;
    *ret_payload = payload;
    return 0;
}

struct otlp_payload *otlp_payload_keep(struct otlp_payload *payload)
{
    payload->references++;
    return payload;
}

void otlp_payload_drop(struct otlp_payload *payload)
{
    if (!payload || --payload->references)
        return;
    // Fresh pages for each request would cost as much as what is written to them.
    if (payload->plain_n <= OTLP_BODY_KEPT_MAX)
        buffer_give(payload->body, payload->plain, payload->plain_n);
    else
        free(payload->plain);
    free(payload->packed);
    free(payload);
}

struct str otlp_payload_bytes(const struct otlp_payload *payload, bool packed)
{
    return packed ? (struct str){payload->packed, payload->packed_n} : (struct str){payload->plain, payload->plain_n};
}

size_t otlp_payload_size(const struct otlp_payload *payload)
{
    return sizeof(*payload) + payload->plain_n + payload->packed_n;
}

unsigned otlp_payload_lose(struct otlp_payload *payload, unsigned items)
{
    unsigned more = items > payload->lost ? items - payload->lost : 0;
    payload->lost += more;
    return more;
}
