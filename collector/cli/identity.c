// Chooses the programs' users; see identity.h. Called by `redstart run`, before anything is started.
#include "collector/cli/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <sys/random.h>
#include <sys/stat.h>

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
