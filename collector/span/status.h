// Status codes as text that stays valid for ever: error.type of a span is a pointer into this table.
#pragma once

#include <stdint.h>

// "000" to "999"; larger numbers as "999".
const char *status_text(uint16_t status);
