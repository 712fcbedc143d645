// What the collector gives up once its outputs are open and before it reads the first byte that a stranger wrote: files
// (Landlock), system calls (seccomp), dumps, and the way to any privilege. All of it is inherited by threads and
// cannot be taken back. tests/unit/core/sandbox_test.c tries each call.
#pragma once

#include <stdbool.h>
#include "common/lib/cleanup.h"

struct sandbox_needs {
    bool connects;            // something is pushed: TCP connections are made from now on
    const char *const *files; // to read, with all that lies beside them: they get replaced. Ends in NULL
};

// Call while there is one thread. Where the kernel has no Landlock, files stay as the user's permissions have them.
// 0 or -errno, after a log line: then do not go on.
int sandbox_enter(const struct sandbox_needs *needs) must_check;

// The two halves, for sandbox_enter and tests. ret_abi: the kernel's version of Landlock, 0 if it has none.
int sandbox_restrict_files(const struct sandbox_needs *needs, int *ret_abi) must_check;
int sandbox_restrict_calls(void) must_check;

// In a sanitizer build the filter also passes what the sanitizer does (a task that traces us for leaks), all files may
// be read and the process stays dumpable: it is for tests, never installed.
#ifdef __has_feature
#define SANDBOX_HAS_FEATURE(name) __has_feature(name)
#else
#define SANDBOX_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || SANDBOX_HAS_FEATURE(address_sanitizer)
#define SANDBOX_SANITIZER 1
#else
#define SANDBOX_SANITIZER 0
#endif
