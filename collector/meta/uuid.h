// UUIDv5 (RFC 9562 5.5): the same name gives the same id, for ever. SHA-1 is part of its definition, not a safeguard.
#pragma once

#include <stdint.h>
#include "common/lib/str.h"

#define UUID_TEXT_SIZE 37 // with NUL

// Semantic conventions' namespace for service.instance.id.
extern const uint8_t uuid_namespace_instance[16];

void uuid_v5(const uint8_t namespace_id[16], struct str name, char ret_text[UUID_TEXT_SIZE]);
