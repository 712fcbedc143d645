// Preconditions; see features.h.
#include "loader/features.h"

#include <sys/capability.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "common/lib/log.h"

static bool capability_held(cap_value_t capability)
{
    cap_t mine = cap_get_proc();
    cap_flag_value_t value = CAP_CLEAR;
    if (mine) {
        cap_get_flag(mine, capability, CAP_EFFECTIVE, &value);
        cap_free(mine);
    }
    return value == CAP_SET;
}

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
    bool suffices = true;

    for (unsigned i = 0; i < array_size(needed); i++)
        if (!capability_held(needed[i].value) && !capability_held(CAP_SYS_ADMIN)) {
            log_error("missing privilege: %s, %s; run as root or give it to the loader's unit", needed[i].name, needed[i].why);
            suffices = false;
        }
    if (access("/sys/kernel/btf/vmlinux", R_OK) < 0) {
        struct utsname kernel;
        uname(&kernel);
        log_error("kernel %s has no type information (/sys/kernel/btf/vmlinux): use a kernel built with "
                  "CONFIG_DEBUG_INFO_BTF=y, as distributions have since 2020", kernel.release);
        suffices = false;
    }
    return suffices;
}
