// Chooses the programs' users; see identity.h. Called by `redstart run`, before anything is started.
#include "collector/cli/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/capability.h>

#define TRIES 64

static bool uid_runs(uid_t uid)
{
    DIR *processes = opendir("/proc");
    bool found = false;
    if (!processes)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(processes));) {
        struct stat info;
        found = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
                fstatat(dirfd(processes), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 && info.st_uid == uid;
    }
    closedir(processes);
    return found;
}

static int identity_dynamic(uid_t taken, struct identity *ret_identity)
{
    unsigned random = 0;
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return -EAGAIN;
    for (unsigned i = 0; i < TRIES; i++) {
        uid_t uid = IDENTITY_DYNAMIC_MIN + (random + i) % (IDENTITY_DYNAMIC_MAX - IDENTITY_DYNAMIC_MIN + 1);
        if (uid != taken && !getpwuid(uid) && !getgrgid(uid) && !uid_runs(uid)) {
            *ret_identity = (struct identity){uid, uid};
            return 0;
        }
    }
    return -EAGAIN;
}

int identity_choose(const char *name, const char *usual, uid_t taken, struct identity *ret_identity)
{
    const struct passwd *user = getpwnam(name ? name : usual);
    if (!user)
        return name ? -ENOENT : identity_dynamic(taken, ret_identity);
    if (user->pw_uid == 0 || user->pw_uid == taken)
        return -EPERM;
    *ret_identity = (struct identity){user->pw_uid, user->pw_gid};
    return 0;
}

// Out of the bounding set too: only root can do that, the program itself could not. Ends at the first that the kernel
// does not have.
static int capabilities_drop(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    for (unsigned long capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++)
        ;
    if (errno != EINVAL || syscall(SYS_capget, &header, data) < 0)
        return -1;
    data[0].inheritable = data[1].inheritable = 0; // permitted and effective go with uid 0
    return (int)syscall(SYS_capset, &header, data);
}

int identity_take(const struct identity *identity)
{
    if (capabilities_drop() < 0 || setgroups(0, NULL) < 0 ||
        setresgid(identity->gid, identity->gid, identity->gid) < 0 ||
        setresuid(identity->uid, identity->uid, identity->uid) < 0)
        return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
