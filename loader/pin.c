// Pinning; see pin.h.
#include "loader/pin.h"

#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "common/lib/log.h"
#include "redstart.skel.h"

static int pin_links(struct redstart_bpf *skeleton, const char *path)
{
    struct bpf_object_skeleton *names = skeleton->skeleton;
    char file[PATH_MAX];

    for (int i = 0; i < names->prog_cnt; i++) {
        struct bpf_link *link = *names->progs[i].link;
        if (!link)
            continue;
        snprintf(file, sizeof file, "%s/link_%s", path, names->progs[i].name);
        int r = bpf_link__pin(link, file);
        if (r)
            return r;
    }
    return 0;
}

static int pin_maps(struct redstart_bpf *skeleton, const char *path)
{
    struct bpf_map *map;
    char file[PATH_MAX];

    bpf_object__for_each_map(map, skeleton->obj) {
        if (bpf_map__is_internal(map))
            continue;
        snprintf(file, sizeof file, "%s/map_%s", path, bpf_map__name(map));
        int r = bpf_map__pin(map, file);
        if (r)
            return r;
    }
    return 0;
}

int pin_all(struct redstart_bpf *skeleton, const char *path)
{
    int r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
    if (!r)
        r = pin_links(skeleton, path);
    if (!r)
        r = pin_maps(skeleton, path);
    if (r) {
        log_error("cannot pin under %s: %s (is a bpffs mounted there? is another loader using it?)", path, strerror(-r));
        pin_remove(path);
    }
    return r;
}

int pin_remove(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;

    if (!directory)
        return errno == ENOENT ? 0 : -errno;
    while ((entry = readdir(directory)))
        if (strncmp(entry->d_name, "link_", 5) == 0 || strncmp(entry->d_name, "map_", 4) == 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    closedir(directory);
    return rmdir(path) < 0 ? -errno : 0;
}
