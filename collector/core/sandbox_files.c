// Landlock (security/landlock, Linux 5.13): what of the file system stays visible, see sandbox.h. What the options name
// (the file of --record, standard output) is open already. Directories are named instead of single files where files
// get replaced while we run: a rule holds on to an inode, and a new /etc/resolv.conf is another one.
#include "collector/core/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/landlock.h>

// Of kernel headers newer than 6.1 (Debian 12). Each version knows a longer struct.
struct ruleset_attr {
    uint64_t fs, net, scoped;
};
#define SIZE_FS     offsetof(struct ruleset_attr, net)
#define SIZE_NET    offsetof(struct ruleset_attr, scoped)
#define SIZE_SCOPED sizeof(struct ruleset_attr)

#define ABI_REFER     2
#define ABI_TRUNCATE  3
#define ABI_NET       4
#define ABI_IOCTL_DEV 5
#define ABI_SCOPED    6

#define FS_TRUNCATE     (1ULL << 14)
#define FS_IOCTL_DEV    (1ULL << 15)
#define FS_FIRST        ((1ULL << 13) - 1) // EXECUTE to MAKE_SYM: all of version 1
#define NET_BIND_TCP    (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_SIGNAL    (1ULL << 1)

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

static const char *const readable[] = {
    "/proc",                      // of observed processes: cmdline, cgroup
    "/sys/devices/system/cpu",    // glibc: how many processors
    "/etc",                       // names (resolv.conf, hosts, nsswitch.conf, gai.conf), certificates, localtime
    "/usr/share/zoneinfo",        // local time in text
    "/usr/share/ca-certificates", // what /etc/ssl/certs links to
    "/usr/local/share/ca-certificates",
    "/usr/lib", // modules of glibc's name service, loaded when a name is looked up
    "/usr/lib64",
    "/usr/local/lib",
    "/run/systemd/resolve", // what /etc/resolv.conf may link to
    "/run/resolvconf",
    "/run/NetworkManager",
    "/dev/urandom",
#if SANDBOX_SANITIZER
    "/",
#endif
};

static uint64_t rights_of(int abi)
{
    return FS_FIRST | (abi >= ABI_REFER ? LANDLOCK_ACCESS_FS_REFER : 0) | (abi >= ABI_TRUNCATE ? FS_TRUNCATE : 0) |
           (abi >= ABI_IOCTL_DEV ? FS_IOCTL_DEV : 0);
}

// What is not there is not needed.
static int path_allow(int ruleset, const char *path)
{
    struct stat info;
    struct landlock_path_beneath_attr rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0)
        return 0;
    int r = fstat(rule.parent_fd, &info) < 0 ? -errno : 0;
    rule.allowed_access = S_ISDIR(info.st_mode) ? READ : LANDLOCK_ACCESS_FS_READ_FILE;
    if (r == 0 && syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        r = -errno;
    close(rule.parent_fd);
    return r;
}

// The folder of a file, so that its successor can be read too; of a file in the root folder only the file.
static int file_allow(int ruleset, const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == path || !slash || slash - path >= (ptrdiff_t)sizeof folder)
        return path_allow(ruleset, path);
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = 0;
    return path_allow(ruleset, folder);
}

static int variable_allow(int ruleset, const char *name)
{
    const char *path = getenv(name);
    return path ? path_allow(ruleset, path) : 0;
}

static int all_allow(int ruleset, const struct sandbox_needs *needs)
{
    int r = 0;
    for (unsigned i = 0; r == 0 && i < array_size(readable); i++)
        r = path_allow(ruleset, readable[i]);
    for (const char *const *file = needs->files; r == 0 && file && *file; file++)
        r = file_allow(ruleset, *file);
    if (r == 0)
        r = variable_allow(ruleset, "SSL_CERT_FILE"); // OpenSSL's own
    if (r == 0)
        r = variable_allow(ruleset, "SSL_CERT_DIR");
    return r;
}

int sandbox_restrict_files(const struct sandbox_needs *needs, int *ret_abi)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    *ret_abi = abi > 0 ? (int)abi : 0;
    if (abi <= 0)
        return 0;
    struct ruleset_attr attributes = {
        .fs = rights_of((int)abi),
        .net = NET_BIND_TCP | (needs->connects ? 0 : NET_CONNECT_TCP),
        .scoped = SCOPE_SIGNAL,
    };
    size_t size = abi >= ABI_SCOPED ? SIZE_SCOPED : abi >= ABI_NET ? SIZE_NET : SIZE_FS;
    cleanup_fd int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    int r = ruleset < 0 ? -errno : 0;
    if (r == 0)
        r = all_allow(ruleset, needs);
    if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        r = -errno;
    return r;
}
