// Our own ids and capabilities; see privilege.h. Called once, before anything is opened.
#include "collector/core/privilege.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

// What could be had again by executing something (inheritable), or given to it (ambient). The bounding set is the
// starter's to empty (CAP_SETPCAP); without new privileges (sandbox.c) it lets nothing in.
static bool capabilities_drop(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    return syscall(SYS_capset, &header, none) == 0 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0;
}

bool privilege_none(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    uid_t real, effective, saved;
    if (getresuid(&real, &effective, &saved) < 0 || syscall(SYS_capget, &header, data) < 0)
        return false;
    return real != 0 && effective != 0 && saved != 0 && !(data[0].permitted | data[1].permitted) && capabilities_drop();
}
