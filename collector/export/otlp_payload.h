// A request as it is sent: encoded once, never changed, shared by the destinations that it waits for. Made by otlp.c,
// kept by otlp_backlog.c and otlp_stream.c, each with a reference of its own.
#pragma once

#include "collector/core/buffer.h"
#include "collector/export/otlp_settings.h"

struct otlp_payload {
    unsigned references;
    unsigned units;       // points, or spans with their children
    unsigned items;       // points, or the requests that the spans are of: what a queue's limit counts
    unsigned lost;        // items that a destination did not get, of the one that got the fewest
    struct buffer *body;  // where `plain` came from, and goes back to
    char *plain, *packed; // NULL: nobody asked for that form
    size_t plain_n, packed_n;
    struct otlp_payload *next[OTLP_DESTINATIONS_MAX]; // in the backlog of each destination
};

// A larger body is not kept for the next request.
#define OTLP_BODY_KEPT_MAX (512 << 10)
// Takes the body's memory until the last reference is gone, so the body lives longer; and one reference. 0 or -ENOMEM,
// with the body still whole.
struct otlp_payload_forms {
    bool plain, packed;
};
int otlp_payload_new(struct otlp_payload **ret_payload, struct buffer *body, struct otlp_payload_forms forms,
                     unsigned units, unsigned items) must_check;
struct otlp_payload *otlp_payload_keep(struct otlp_payload *payload);
// Gives a reference back; NULL is fine.
void otlp_payload_drop(struct otlp_payload *payload);
struct str otlp_payload_bytes(const struct otlp_payload *payload, bool packed);
// What it takes of memory.
size_t otlp_payload_size(const struct otlp_payload *payload);
// Of so many items a destination will not get. Returns how many of them no other destination has lost before.
unsigned otlp_payload_lose(struct otlp_payload *payload, unsigned items);
