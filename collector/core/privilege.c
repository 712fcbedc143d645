// Our own ids and capabilities; see privilege.h. Called once, before anything is opened.
#include "collector/core/privilege.h"

#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

bool privilege_none(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    uid_t real, effective, saved;
    if (getresuid(&real, &effective, &saved) < 0 || syscall(SYS_capget, &header, data) < 0)
        return false;
    if (real == 0 || effective == 0 || saved == 0 || data[0].permitted | data[1].permitted)
        return false;
    if (data[0].inheritable | data[1].inheritable) {
        data[0].inheritable = data[1].inheritable = 0;
        return syscall(SYS_capset, &header, data) == 0;
    }
    return true; // ambient ones are permitted and inheritable both. The bounding set is the starter's to empty
}
