// Preconditions; see features.h.
#include "loader/features.h"

#include <sys/utsname.h>
#include <unistd.h>
#include "common/lib/log.h"
#include "loader/identity.h"

bool features_suffice(void)
{
    static const struct {
        int capability;
        const char *what;
    } needed[] = {
        {CAP_BPF, "CAP_BPF, to load programs and make maps"},
        {CAP_PERFMON, "CAP_PERFMON, to attach to kernel tracepoints"},
        {CAP_SYS_PTRACE, "CAP_SYS_PTRACE, to read the /proc/PID/exe link of other users' processes"},
    };
    uint64_t held = identity_capabilities();
    bool suffices = true;

    for (unsigned i = 0; i < array_size(needed); i++)
        if (!(held & CAPABILITY(needed[i].capability))) {
            log_error("missing privilege: %s; run as root or give it to the loader's unit", needed[i].what);
            suffices = false;
        }
    if (access("/sys/kernel/btf/vmlinux", R_OK) < 0) {
        struct utsname kernel;
        uname(&kernel);
        log_error("kernel %s has no type information (/sys/kernel/btf/vmlinux): use a kernel built with "
                  "CONFIG_DEBUG_INFO_BTF=y, as distributions have since 2020",
                  kernel.release);
        suffices = false;
    }
    return suffices;
}
