// Names of the languages that the resolver finds (common/ipc/executable.h).
#pragma once

// telemetry.sdk.language; NULL if unknown (or no language at all).
const char *language_name(unsigned language);
