// Preconditions; see features.h.
#include "loader/features.h"

#include <sys/capability.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "common/lib/log.h"

bool features_suffice(void)
{
    static const struct {
        cap_value_t value;
        const char *name, *why;
    } needed[] = {
        {CAP_BPF, "CAP_BPF", "to load programs and make maps"},
        {CAP_PERFMON, "CAP_PERFMON", "to attach to kernel tracepoints"},
        {CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "to read the /proc/PID/exe link of other users' processes"},
    };
    cap_t mine = cap_get_proc();
    cap_flag_value_t all = CAP_CLEAR, held;
    bool suffices = mine && cap_get_flag(mine, CAP_SYS_ADMIN, CAP_EFFECTIVE, &all) == 0;

    for (unsigned i = 0; mine && i < array_size(needed); i++)
        if (all == CAP_CLEAR && (cap_get_flag(mine, needed[i].value, CAP_EFFECTIVE, &held) < 0 || held == CAP_CLEAR)) {
            log_error("missing privilege: %s, %s; run as root or give it to the loader's unit", needed[i].name, needed[i].why);
            suffices = false;
        }
    cap_free(mine);
    if (access("/sys/kernel/btf/vmlinux", R_OK) < 0) {
        struct utsname kernel;
        uname(&kernel);
        log_error("kernel %s has no type information (/sys/kernel/btf/vmlinux): use a kernel built with "
                  "CONFIG_DEBUG_INFO_BTF=y, as distributions have since 2020", kernel.release);
        suffices = false;
    }
    return suffices;
}
