// redstart's own conversations: what it pushes, and who reads its metrics. The other end of such a conversation is a
// process like any other, whose span of it would come from redstart and cause the next one: it is left out. The
// collector notes each of its own exchanges by its two ends just before, or as, it begins (export/otlp_request.c,
// export/prometheus.c); a span with these ends and that time is the other side of it. Nobody can claim to be one:
// what matters is the kernel's word, not what the bytes say. Pushes through a proxy, or an address translation, are
// not recognized: the ends are others there.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/span/span.h"

// An exchange begins between a client's end and a server's. Texts as of struct span_address. From any thread.
void own_traffic_note(const char *client, uint16_t client_port, const char *server, uint16_t server_port,
                      uint64_t now_monotonic_ns);
// The same of a connected socket that was accepted (the peer is the client).
void own_traffic_note_accepted(int fd, uint64_t now_monotonic_ns);
bool own_traffic_has(const struct span *span);
