// What a service is called if nobody says: its executable's base name; for an interpreter the script's, module's or
// jar's. Pure; executable and arguments are foreign text. Called by meta/process.c.
#pragma once

#include "common/lib/str.h"

// Without the kernel's " (deleted)"; and of that the part behind the last '/'.
struct str naming_exe_path(struct str exe);
struct str naming_exe_base(struct str exe);
// telemetry.sdk.language of the executable's language, for interpreters; else NULL.
const char *naming_language(struct str exe);
// Of an interpreter: the script, module or archive that it runs; "" if that is not known, or exe is none. cmdline:
// NUL-separated arguments, maybe empty, which the result points into.
struct str naming_program(struct str exe, struct str cmdline);
// Copies at most size - 1 bytes of valid, printable UTF-8 and a NUL; what is not becomes '?'. Cut between characters.
void naming_copy(char *to, size_t size, struct str name);
