// Is this a record? The one check between the ring's untrusted bytes and everything behind it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/abi/record.h"

// True if size, kind and the places of all parts fit together.
bool record_check(const void *bytes, size_t size);
bool environment_record_check(const void *bytes, size_t size);
bool executed_record_check(const void *bytes, size_t size);
// When it was written, by which records of several rings are merged; 0 if it is too short to say.
uint64_t record_emitted(const void *bytes, size_t size);
