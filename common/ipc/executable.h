// What an executable file is, as the resolver finds, the loader checks and the collector uses. Fixed size, no pointer:
// it travels unchanged from the resolver's child (common/ipc/resolver.h) to the collector (MESSAGE_EXECUTABLE).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define EXECUTABLE_VERSION_MAX  32
#define EXECUTABLE_BUILD_ID_MAX 20 // SHA-1; a longer one is cut
#define EXECUTABLE_MODULE_MAX   68

// The names are values of telemetry.sdk.language; "c" and "perl" are ours, OpenTelemetry has no SDK for them.
#define EXECUTABLE_LANGUAGES(X)                                                                                        \
    X(C, "c")                                                                                                          \
    X(CPP, "cpp")                                                                                                      \
    X(DOTNET, "dotnet")                                                                                                \
    X(ERLANG, "erlang")                                                                                                \
    X(GO, "go")                                                                                                        \
    X(JAVA, "java")                                                                                                    \
    X(NODEJS, "nodejs")                                                                                                \
    X(PERL, "perl")                                                                                                    \
    X(PHP, "php")                                                                                                      \
    X(PYTHON, "python")                                                                                                \
    X(RUBY, "ruby")                                                                                                    \
    X(RUST, "rust")                                                                                                    \
    X(SWIFT, "swift")

enum executable_language {
    EXECUTABLE_UNKNOWN,
#define X(name, text) EXECUTABLE_##name,
    EXECUTABLE_LANGUAGES(X)
#undef X
        EXECUTABLE_LANGUAGE_MAX
};

enum executable_linkage { EXECUTABLE_STATIC, EXECUTABLE_DYNAMIC, EXECUTABLE_LINKAGE_MAX };

// Texts are printable ASCII without a NUL; what is not used of a field is zero.
struct executable {
    uint16_t machine; // e_machine
    uint8_t bits;     // 32 or 64
    uint8_t linkage, language;
    uint8_t version_size, build_id_size, module_size;
    char version[EXECUTABLE_VERSION_MAX]; // of the runtime, or of the compiler that has none: go1.22.3, 3.11, 1.75.0
    uint8_t build_id[EXECUTABLE_BUILD_ID_MAX]; // NT_GNU_BUILD_ID
    char module[EXECUTABLE_MODULE_MAX];        // Go: path and version of the main module
};

_Static_assert(sizeof(struct executable) == 128, "no padding");

// True if every number, text and unused byte is as said above.
bool executable_check(const struct executable *executable);
