// Pinning and adoption; see pin.h.
#include "loader/pin.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "common/lib/log.h"
#include "loader/probes.h"
#include "redstart.skel.h"

#define PIN_NAME_MAX 64

// bpffs is reached through our fd: the path below /sys/fs/bpf is closed to everybody but root.
static void pin_path(char *path, int directory, const char *kind, const char *name)
{
    snprintf(path, PIN_NAME_MAX, "/proc/self/fd/%d/%s_%s", directory, kind, name);
}

static int pin_put(int directory, const char *kind, const char *name, int fd)
{
    char path[PIN_NAME_MAX];
    pin_path(path, directory, kind, name);
    return bpf_obj_pin(fd, path);
}

static int pin_get(int directory, const char *kind, const char *name)
{
    char path[PIN_NAME_MAX];
    pin_path(path, directory, kind, name);
    return bpf_obj_get(path);
}

// bpffs refuses dots: "redstart.rodata" is pinned as "rodata".
static const char *pin_map_name(const struct bpf_map *map)
{
    const char *dot = strrchr(bpf_map__name(map), '.');
    return dot ? dot + 1 : bpf_map__name(map);
}

static void pin_ring_name(char *name, unsigned ring)
{
    snprintf(name, 16, "records_%u", ring);
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
    if (r == -EBUSY) {
        log_error("another loader uses %s: stop it first", path);
        return r;
    }
    if (r) {
        log_error("cannot pin in %s: %s; it must be a directory in a bpffs with mode 0700 that belongs to uid %u", path,
                  strerror(-r), uid);
        return r;
    }
    return fd_take(&fd);
}

// Is the pinned program the same, and runs by this link? A link's pin is a name: what it runs is the kernel's word.
static bool program_same(int ours, int pinned, int link)
{
    struct bpf_prog_info a = {0}, b = {0};
    struct bpf_link_info c = {0};
    __u32 size_a = sizeof a, size_b = sizeof b, size_c = sizeof c;

    return bpf_obj_get_info_by_fd(ours, &a, &size_a) == 0 && bpf_obj_get_info_by_fd(pinned, &b, &size_b) == 0 &&
           bpf_obj_get_info_by_fd(link, &c, &size_c) == 0 && memcmp(a.tag, b.tag, sizeof a.tag) == 0 && c.prog_id == b.id;
}

static bool map_same(int ours, int pinned)
{
    struct bpf_map_info a = {0}, b = {0};
    __u32 size_a = sizeof a, size_b = sizeof b;

    return bpf_obj_get_info_by_fd(ours, &a, &size_a) == 0 && bpf_obj_get_info_by_fd(pinned, &b, &size_b) == 0 &&
           a.type == b.type && a.key_size == b.key_size && a.value_size == b.value_size &&
           a.max_entries == b.max_entries && a.map_flags == b.map_flags && strcmp(a.name, b.name) == 0;
}

// NULL if everything pinned is ours, else what is not.
static const char *pins_compare(int directory, const struct probes *probes)
{
    struct bpf_object_skeleton *names = probes->skeleton->skeleton;
    struct bpf_map *map;

    for (int i = 0; i < names->prog_cnt; i++) {
        if (!bpf_program__autoload(*names->progs[i].prog))
            continue; // another variant's
        cleanup_fd int program = pin_get(directory, "prog", names->progs[i].name);
        cleanup_fd int link = pin_get(directory, "link", names->progs[i].name);
        if (link < 0 || program < 0 || !program_same(bpf_program__fd(*names->progs[i].prog), program, link))
            return names->progs[i].name;
    }
    bpf_object__for_each_map(map, probes->skeleton->obj) {
        cleanup_fd int pinned = pin_get(directory, "map", pin_map_name(map));
        if (pinned < 0 || !map_same(bpf_map__fd(map), pinned))
            return bpf_map__name(map);
    }
    for (unsigned i = 0; i < probes->rings; i++) {
        char name[16];
        pin_ring_name(name, i);
        cleanup_fd int pinned = pin_get(directory, "map", name);
        if (pinned < 0 || !map_same(probes->ring_fd[i], pinned))
            return "rings";
    }
    return NULL;
}

static int pins_take(int directory, struct probes *probes)
{
    struct probes_fds fds = {
        .events = pin_get(directory, "map", "events"),
        .counters = pin_get(directory, "map", "counters"),
        .targets = pin_get(directory, "map", "targets"),
        .data = pin_get(directory, "map", "bss"),
        .walk_tasks = pin_get(directory, "link", "walk_tasks"),
        .walk_files = pin_get(directory, "link", "walk_files"),
        .walk_tails = pin_get(directory, "link", "walk_tails"),
        .walk_environs = pin_get(directory, "link", "walk_environs"),
    };
    int rings[PROBES_RINGS_MAX];

    for (unsigned i = 0; i < probes->rings; i++) {
        char name[16];
        pin_ring_name(name, i);
        rings[i] = pin_get(directory, "map", name);
    }
    return probes_replace(probes, &fds, rings);
}

// Without readdir(3), which wants memory: this runs behind the last filter too.
static void pins_clear(int directory)
{
    struct entry {
        uint64_t inode, offset;
        unsigned short size;
        unsigned char type;
        char name[];
    };
    cleanup_fd int listing = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _Alignas(uint64_t) char entries[2048];
    long n;

    while (listing >= 0 && (n = syscall(SYS_getdents64, listing, entries, sizeof entries)) > 0)
        for (long at = 0; at < n; at += ((struct entry *)(entries + at))->size)
            if (((struct entry *)(entries + at))->name[0] != '.')
                unlinkat(directory, ((struct entry *)(entries + at))->name, 0);
}

int pin_adopt(int directory, struct probes *probes)
{
    cleanup_fd int first = pin_get(directory, "map", "events");
    if (first < 0) { // nothing, or remains that cannot be of use
        pins_clear(directory);
        return 0;
    }
    const char *difference = pins_compare(directory, probes);
    if (difference) {
        log_info("what another loader left pinned is replaced: %s differs", difference);
        pins_clear(directory);
        return 0;
    }
    int r = pins_take(directory, probes);
    if (r < 0) {
        log_error("cannot adopt what is pinned: %s", strerror(-r));
        return r;
    }
    log_info("adopted the probes that another loader left attached");
    return 1;
}

int pin_all(int directory, const struct probes *probes)
{
    struct bpf_object_skeleton *names = probes->skeleton->skeleton;
    struct bpf_map *map;
    int r = 0;

    for (int i = 0; !r && i < names->prog_cnt; i++) {
        if (!bpf_program__autoload(*names->progs[i].prog))
            continue;
        r = pin_put(directory, "prog", names->progs[i].name, bpf_program__fd(*names->progs[i].prog));
        if (!r)
            r = pin_put(directory, "link", names->progs[i].name, bpf_link__fd(*names->progs[i].link));
    }
    bpf_object__for_each_map(map, probes->skeleton->obj) {
        if (!r)
            r = pin_put(directory, "map", pin_map_name(map), bpf_map__fd(map));
    }
    for (unsigned i = 0; !r && i < probes->rings; i++) {
        char name[16];
        pin_ring_name(name, i);
        r = pin_put(directory, "map", name, probes->ring_fd[i]);
    }
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
