// Is this a record? The one check between the ring's untrusted bytes and everything behind it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include "common/abi/record.h"

// True if size, kind and the places of all parts fit together.
bool record_check(const void *bytes, size_t size);
