// A request body, compressed. Called by otlp_payload.c.
#pragma once

#include "collector/core/buffer.h"

// Fills `packed` (emptied first) with `plain` in gzip format (RFC 1952). 0, -ENOMEM, or -E2BIG if it has no room.
int otlp_gzip(const struct buffer *plain, struct buffer *packed) must_check;
