// Pinning and adoption; see pin.h.
#include "loader/pin.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/lib/log.h"
#include "loader/probes.h"
#include "redstart.skel.h"

#define PIN_NAME_MAX 64
#define PIN_NAMES    "@(prog|link|map)_*" // what is not called so is not ours to remove

// What is done with each program and its link, each map, each ring: pinned; compared with what is pinned; replaced by
// it, under the number of the fd, so that all else stays as it is.
enum pin_step { PIN_PUT, PIN_COMPARE, PIN_TAKE };

// The path of one pin, until the next is asked for. bpffs is reached through our fd: the path below /sys/fs/bpf is
// closed to everybody but root.
static const char *pin_path(int directory, const char *kind, const char *name)
{
    static char path[PIN_NAME_MAX];
    snprintf(path, sizeof path, "/proc/self/fd/%d/%s_%s", directory, kind, name);
    return path;
}

// bpffs refuses dots: "redstart.rodata" is pinned as "rodata".
static const char *pin_map_name(const struct bpf_map *map)
{
    const char *dot = strrchr(bpf_map__name(map), '.');
    return dot ? dot + 1 : bpf_map__name(map);
}

int pin_open(const char *path, uid_t uid, gid_t gid)
{
    bool made = geteuid() == 0 && mkdir(path, 0700) == 0;
    cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat info;
    int r = 0;

    if (fd < 0 || (made && fchown(fd, uid, gid) < 0) || fstat(fd, &info) < 0)
        r = -errno;
    else if (info.st_uid != uid || info.st_mode & 077)
        r = -EPERM;
    else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        r = -EBUSY; // another loader's, alive
    if (r == -EBUSY)
        log_error("another loader uses %s: stop it first", path);
    else if (r)
        log_error("cannot pin in %s: %s; it must be a directory in a bpffs with mode 0700 that belongs to uid %u", path,
                  strerror(-r), uid);
    return r ? r : fd_take(&fd);
}

static bool info_get(int fd, void *ret_info, __u32 size)
{
    return bpf_obj_get_info_by_fd(fd, ret_info, &size) == 0;
}

// Is the pinned program the same, and runs by this link? A link's pin is a name: what it runs is the kernel's word.
static bool program_same(int ours, int pinned, int link)
{
    struct bpf_prog_info a = {0}, b = {0};
    struct bpf_link_info c = {0};

    return info_get(ours, &a, sizeof a) && info_get(pinned, &b, sizeof b) && info_get(link, &c, sizeof c) &&
           memcmp(a.tag, b.tag, sizeof a.tag) == 0 && c.prog_id == b.id;
}

static bool map_same(int ours, int pinned)
{
    struct bpf_map_info a = {0}, b = {0};

    return info_get(ours, &a, sizeof a) && info_get(pinned, &b, sizeof b) && a.type == b.type &&
           a.key_size == b.key_size && a.value_size == b.value_size && a.max_entries == b.max_entries &&
           a.map_flags == b.map_flags && strcmp(a.name, b.name) == 0;
}

static int pin_differs(const char *name)
{
    log_info("what another loader left pinned is replaced: %s differs", name);
    return -ESTALE;
}

static int program_pin(int directory, enum pin_step step, const char *name, int ours, struct bpf_link **link)
{
    if (step == PIN_PUT) {
        int r = bpf_obj_pin(ours, pin_path(directory, "prog", name));
        return r ? r : bpf_obj_pin(bpf_link__fd(*link), pin_path(directory, "link", name));
    }
    cleanup_fd int pinned = bpf_obj_get(pin_path(directory, "prog", name));
    cleanup_fd int pinned_link = bpf_obj_get(pin_path(directory, "link", name));
    if (pinned < 0 || pinned_link < 0 || !program_same(ours, pinned, pinned_link))
        return pin_differs(name);
    if (step == PIN_COMPARE)
        return 0;
    *link = bpf_link__open(pin_path(directory, "link", name));
    return *link && dup3(pinned, ours, O_CLOEXEC) >= 0 ? 0 : -errno;
}

static int map_pin(int directory, enum pin_step step, const char *name, int ours)
{
    if (step == PIN_PUT)
        return bpf_obj_pin(ours, pin_path(directory, "map", name));
    cleanup_fd int pinned = bpf_obj_get(pin_path(directory, "map", name));
    if (pinned < 0 || !map_same(ours, pinned))
        return pin_differs(name);
    return step == PIN_TAKE && dup3(pinned, ours, O_CLOEXEC) < 0 ? -errno : 0;
}

// One step for everything, until it fails for something: 0 or -errno.
static int pins_step(int directory, enum pin_step step, const struct probes *probes)
{
    const struct bpf_object_skeleton *all = probes->skeleton->skeleton;
    const struct bpf_map *map;
    int r = 0;

    for (int i = 0; !r && i < all->prog_cnt; i++)
        if (bpf_program__autoload(*all->progs[i].prog)) // else another variant's
            r = program_pin(directory, step, all->progs[i].name, bpf_program__fd(*all->progs[i].prog),
                            all->progs[i].link);
    bpf_object__for_each_map(map, probes->skeleton->obj)
        r = r ? r : map_pin(directory, step, pin_map_name(map), bpf_map__fd(map));
    for (unsigned i = 0; !r && i < probes->rings; i++) {
        char name[16];
        snprintf(name, sizeof name, "records_%u", i);
        r = map_pin(directory, step, name, probes->ring_fd[i]);
    }
    return r;
}

// Without readdir(3), which wants memory: this runs behind the last filter too.
static void pins_clear(int directory)
{
    cleanup_fd int listing = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _Alignas(struct dirent64) char entries[2048];
    ssize_t n;

    while (listing >= 0 && (n = getdents64(listing, entries, sizeof entries)) > 0)
        for (ssize_t at = 0; at < n; at += ((struct dirent64 *)(entries + at))->d_reclen) {
            const char *name = ((struct dirent64 *)(entries + at))->d_name;
            if (fnmatch(PIN_NAMES, name, FNM_EXTMATCH) == 0)
                unlinkat(directory, name, 0);
        }
}

int pin_adopt(int directory, const struct probes *probes)
{
    cleanup_fd int first = bpf_obj_get(pin_path(directory, "map", "events"));
    if (first < 0 || pins_step(directory, PIN_COMPARE, probes) < 0) {
        pins_clear(directory); // nothing, or remains that cannot be of use
        return 0;
    }
    int r = pins_step(directory, PIN_TAKE, probes);
    if (r < 0) {
        log_error("cannot adopt what is pinned: %s", strerror(-r));
        return r;
    }
    log_info("adopted the probes that another loader left attached");
    return 1;
}

int pin_all(int directory, const struct probes *probes)
{
    int r = pins_step(directory, PIN_PUT, probes);
    if (r) {
        log_error("cannot pin the probes: %s (is the directory in a bpffs?)", strerror(-r));
        pins_clear(directory);
    }
    return r;
}

void pin_remove(int directory, const char *path)
{
    pins_clear(directory);
    // Below root's /sys/fs/bpf that is for whoever made it: the launcher, the unit.
    if (rmdir(path) < 0 && errno != EACCES && errno != EPERM && errno != ENOENT && errno != EROFS && errno != EBUSY)
        log_warn("cannot remove %s: %s", path, strerror(errno));
}
