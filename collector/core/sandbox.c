// Puts the sandbox together; see sandbox.h. Called once by main.c.
#include "collector/core/sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include "common/lib/log.h"

int sandbox_enter(const struct sandbox_needs *needs)
{
    int abi = 0;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    // Nobody of our own user may trace us or read our memory, and no dump holds a stranger's bytes.
    if (!SANDBOX_SANITIZER && prctl(PR_SET_DUMPABLE, 0) < 0)
        return -errno;
    int r = sandbox_restrict_files(needs, &abi);
    if (r < 0) {
        log_error("sandbox: cannot restrict files: %s", strerror(-r));
        return r;
    }
    r = sandbox_restrict_calls();
    if (r < 0)
        log_error("sandbox: cannot restrict system calls: %s", strerror(-r));
    else if (abi == 0)
        log_info("sandbox: this kernel has no Landlock: files are guarded by their permissions only");
    return r;
}
