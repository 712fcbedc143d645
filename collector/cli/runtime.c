// Runtime directories; see runtime.h. Works as root in directories that only root can write, and follows no link there.
#include "collector/cli/runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include "collector/conf/value.h"
#include "common/lib/log.h"

#define RUN         "/run"
#define BPFFS       "/sys/fs/bpf"
#define RUN_PREFIX  "redstart-run."
#define PINS_PREFIX "redstart-run-" // a bpffs refuses dots in names
#define NFTW_FDS    8

static int entry_remove(const char *path, const struct stat *info, int type, struct FTW *where)
{
    return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

static void tree_remove(const char *path)
{
    if (nftw(path, entry_remove, NFTW_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0 && errno != ENOENT)
        log_warn("cannot remove %s: %s", path, strerror(errno));
}

// A live process with this id that is a launcher: the name guards against an id that was given out again.
static bool launcher_lives(pid_t pid)
{
    char path[32], name[16] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool lives = fgets(name, sizeof name, file) && strcmp(name, "redstart\n") == 0;
    fclose(file);
    return lives;
}

static void directory_clear_stale(const char *parent, const char *prefix)
{
    DIR *directory = opendir(parent);
    struct stat place;
    if (!directory)
        return;
    bool ours = fstat(dirfd(directory), &place) == 0 && place.st_uid == 0 && !(place.st_mode & 022);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[RUNTIME_PATH_MAX];
        uint64_t pid;
        struct stat info;
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0 ||
            value_number(str_from(entry->d_name + strlen(prefix)), 1, INT32_MAX, &pid) < 0 ||
            fstatat(dirfd(directory), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0 || (!ours && info.st_uid != 0))
            continue; // anybody may have made it: a bpffs may be writable by all
        if (pid == (uint64_t)getpid() || !launcher_lives((pid_t)pid)) {
            snprintf(path, sizeof path, "%s/%s%d", parent, prefix, (int)pid);
            log_info("removing what a run that was killed left behind path=%s", path);
            tree_remove(path);
        }
    }
    closedir(directory);
}

void runtime_clear_stale(void)
{
    directory_clear_stale(RUN, RUN_PREFIX);
    directory_clear_stale(BPFFS, PINS_PREFIX);
}

static bool bpffs_there(void)
{
    struct statfs info;
    return statfs(BPFFS, &info) == 0 && (unsigned long)info.f_type == BPF_FS_MAGIC;
}

// The loader creates the directory itself; here only its place is provided.
static void pins_choose(struct runtime *runtime)
{
    if (!bpffs_there() && mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
        log_debug("no bpffs at " BPFFS " (%s): nothing is pinned", strerror(errno));
    if (bpffs_there())
        snprintf(runtime->pins, sizeof runtime->pins, BPFFS "/" PINS_PREFIX "%d", getpid());
}

static int notify_open(struct runtime *runtime)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int yes = 1;
    cleanup_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    memcpy(address.sun_path, runtime->notify_socket, strlen(runtime->notify_socket));
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || chmod(runtime->notify_socket, 0666) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) < 0)
        return -errno;
    runtime->notify_fd = fd_take(&fd);
    return 0;
}

int runtime_open(struct runtime *runtime, const struct identity *loader)
{
    *runtime = (struct runtime){.notify_fd = -1};
    snprintf(runtime->directory, sizeof runtime->directory, RUN "/" RUN_PREFIX "%d", getpid());
    snprintf(runtime->loader_directory, sizeof runtime->loader_directory, RUN "/" RUN_PREFIX "%d/loader", getpid());
    snprintf(runtime->loader_socket, sizeof runtime->loader_socket, RUN "/" RUN_PREFIX "%d/loader/loader.sock",
             getpid());
    snprintf(runtime->loader_conf, sizeof runtime->loader_conf, RUN "/" RUN_PREFIX "%d/loader.conf", getpid());
    snprintf(runtime->notify_socket, sizeof runtime->notify_socket, RUN "/" RUN_PREFIX "%d/notify.sock", getpid());
    if (mkdir(runtime->directory, 0711) < 0)
        return -errno;
    int r = notify_open(runtime);
    // Whatever the umask.
    if (r == 0 &&
        (mkdir(runtime->loader_directory, 0711) < 0 || chmod(runtime->directory, 0711) < 0 ||
         chmod(runtime->loader_directory, 0711) < 0 || lchown(runtime->loader_directory, loader->uid, loader->gid) < 0))
        r = -errno;
    if (r < 0)
        runtime_close(runtime);
    else
        pins_choose(runtime);
    return r;
}

int runtime_rules(const struct runtime *runtime, struct str text)
{
    char fresh[RUNTIME_PATH_MAX + 8];
    snprintf(fresh, sizeof fresh, "%s.new", runtime->loader_conf);
    cleanup_fd int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0 || fchmod(fd, 0644) < 0 || write(fd, text.p, text.n) != (ssize_t)text.n)
        return -errno;
    return rename(fresh, runtime->loader_conf) < 0 ? -errno : 0;
}

void runtime_close(struct runtime *runtime)
{
    cleanup_fd_close(&runtime->notify_fd);
    tree_remove(runtime->directory);
    if (runtime->pins[0])
        tree_remove(runtime->pins);
}
