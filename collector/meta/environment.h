// What a process says of itself (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES), kept for it and shared with the children
// it forks. Called by meta/process.c.
#pragma once

#include "common/lib/str.h"

struct environment; // NULL: says nothing

// A copy with one owner; NULL if both are empty, or without memory.
struct environment *environment_new(struct str name, struct str attributes);
// One more owner.
struct environment *environment_share(struct environment *environment);
void environment_release(struct environment *environment);
struct str environment_name(const struct environment *environment);
struct str environment_attributes(const struct environment *environment);
