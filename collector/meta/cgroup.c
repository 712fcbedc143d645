// See cgroup.h.
#include "collector/meta/cgroup.h"

#include <stdio.h>
#include "common/lib/cleanup.h"

#define ID_HEX     64 // of Docker, containerd, CRI-O, Podman: SHA-256 or as many random digits
#define ECS_HEX    32 // Fargate: 32 digits, '-', a decimal number
#define UID_LENGTH 36

// Services that make the cgroups of containers below their own: these are not the units of what runs there.
static const struct str runtimes[] = {
    {"docker.service", 14},
    {"containerd.service", 18},
    {"crio.service", 12},
    {"podman.service", 14},
    {"kubelet.service", 15},
    {"k3s.service", 11},
    {"k3s-agent.service", 17},
    {"rke2-server.service", 19},
    {"lxc.service", 11},
    {"lxd.service", 11},
    {"rke2-agent.service", 18},
    {"microk8s.service", 16},
    {"snap.lxd.daemon.service", 23},
    {"snap.docker.dockerd.service", 27},
};

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static size_t hex_length(struct str text)
{
    size_t n = 0;
    while (n < text.n && is_hex(text.p[n]))
        n++;
    return n;
}

static bool ends_with(struct str text, struct str end)
{
    return text.n > end.n && memcmp(text.p + text.n - end.n, end.p, end.n) == 0;
}

static struct str from(struct str text, size_t at)
{
    return (struct str){text.p + at, text.n - at};
}

static struct str without_end(struct str text, struct str end)
{
    return ends_with(text, end) ? (struct str){text.p, text.n - end.n} : text;
}

// Behind the last of the character; all of it if there is none.
static struct str behind(struct str text, char c)
{
    const char *at = text.n ? memrchr(text.p, c, text.n) : NULL;
    return at ? from(text, (size_t)(at - text.p) + 1) : text;
}

// docker-ID.scope, cri-containerd-ID.scope, libpod-payload-ID, ID, slice:cri-containerd:ID, TASK-NUMBER (ECS)
static struct str container_id(struct str part)
{
    part = without_end(part, STR(".scope"));
    if (memmem(part.p, part.n, "conmon", 6)) // watches a container, is none
        return STR("");
    struct str id = behind(behind(part, ':'), '-');
    if (id.n == ID_HEX && hex_length(id) == ID_HEX)
        return id;
    if (part.n > ECS_HEX + 1 && part.n <= ECS_HEX + 11 && hex_length(part) == ECS_HEX && part.p[ECS_HEX] == '-') {
        size_t at = ECS_HEX + 1;
        while (at < part.n && part.p[at] >= '0' && part.p[at] <= '9')
            at++;
        if (at == part.n)
            return part;
    }
    return STR("");
}

// lxc.payload.NAME; below lxc or lxc.payload: NAME; machine-NAME.scope and systemd-nspawn@NAME.service, which are
// machines as well, but libvirt's machine-qemu-... is none.
static struct str container_name(struct str part, struct str parent)
{
    if (str_starts(part, STR("lxc.payload.")))
        return from(part, 12);
    if (str_equal(parent, STR("lxc")) || str_equal(parent, STR("lxc.payload")))
        return part;
    if (str_starts(part, STR("systemd-nspawn@")) && ends_with(part, STR(".service")))
        return without_end(from(part, 15), STR(".service"));
    if (str_starts(part, STR("machine-")) && ends_with(part, STR(".scope")) && !str_starts(part, STR("machine-qemu")) &&
        !str_starts(part, STR("machine-lxc")))
        return without_end(from(part, 8), STR(".scope"));
    return STR("");
}

static bool is_uid(struct str uid)
{
    if (uid.n != UID_LENGTH)
        return uid.n == 32 && hex_length(uid) == 32; // of a static pod
    for (size_t i = 0; i < uid.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? uid.p[i] != '-' && uid.p[i] != '_' : !is_hex(uid.p[i]))
            return false;
    }
    return true;
}

// kubepods-burstable-podUID.slice, podUID, and what containerd writes behind a ':'
static struct str pod_uid(struct str part)
{
    const char *colon = memchr(part.p, ':', part.n);
    if (colon)
        part.n = (size_t)(colon - part.p);
    part = without_end(part, STR(".slice"));
    for (size_t i = 0; i + 3 < part.n; i++)
        if (memcmp(part.p + i, "pod", 3) == 0 && (i == 0 || part.p[i - 1] == '-') && is_uid(from(part, i + 3)))
            return from(part, i + 3);
    return STR("");
}

static bool is_runtime(struct str unit)
{
    for (size_t i = 0; i < array_size(runtimes); i++)
        if (str_equal(unit, runtimes[i]))
            return true;
    return false;
}

static bool part_next(struct str *rest, struct str *ret_part)
{
    while (rest->n && rest->p[0] == '/')
        *rest = from(*rest, 1);
    if (!rest->n)
        return false;
    const char *slash = memchr(rest->p, '/', rest->n);
    *ret_part = (struct str){rest->p, slash ? (size_t)(slash - rest->p) : rest->n};
    *rest = from(*rest, ret_part->n);
    return true;
}

void cgroup_read(struct str path, struct cgroup_facts *ret_facts)
{
    struct cgroup_facts facts = {.unit = STR("")};
    struct str part, parent = STR("");
    for (; part_next(&path, &part); parent = part) {
        struct str id = container_id(part), name = container_name(part, parent), uid = pod_uid(part);
        if (id.n || name.n) { // a container inside another, or in a unit
            facts.container_id = id;
            facts.container_name = name;
            facts.unit_inside = false;
            if (is_runtime(facts.unit))
                facts.unit = STR("");
        } else if (ends_with(part, STR(".service")) && part.n < CGROUP_UNIT_MAX) {
            facts.unit = part;
            facts.unit_inside = facts.container_id.n || facts.container_name.n;
        }
        if (uid.n)
            facts.pod_uid = uid;
    }
    *ret_facts = facts;
}

// "N:controllers:path" of one line.
static bool line_split(struct str line, struct str *ret_controllers, struct str *ret_path)
{
    const char *first = line.n ? memchr(line.p, ':', line.n) : NULL;
    struct str rest = first ? from(line, (size_t)(first - line.p) + 1) : STR("");
    const char *second = rest.n ? memchr(rest.p, ':', rest.n) : NULL;
    if (!second)
        return false;
    *ret_controllers = (struct str){rest.p, (size_t)(second - rest.p)};
    *ret_path = from(rest, ret_controllers->n + 1);
    return true;
}

struct str cgroup_path(struct str text)
{
    struct str best = STR("");
    unsigned best_worth = 0;
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        struct str line = {text.p, end ? (size_t)(end - text.p) : text.n}, controllers, path;
        text = from(text, line.n + (end ? 1 : 0));
        if (!line_split(line, &controllers, &path))
            continue;
        path = without_end(path, STR(" (deleted)"));
        while (str_starts(path, STR("/..")) && (path.n == 3 || path.p[3] == '/'))
            path = from(path, 3);
        struct cgroup_facts facts;
        cgroup_read(path, &facts);
        bool tree = controllers.n == 0 || str_equal(controllers, STR("name=systemd"));
        unsigned worth = (facts.container_id.n || facts.container_name.n ? 8 : 0) + (facts.unit.n ? 4 : 0) +
                         (path.n > 1 && tree ? 2 : 0) + (path.n > 0 && controllers.n == 0 ? 1 : 0);
        if (worth > best_worth) {
            best_worth = worth;
            best = path;
        }
    }
    return best;
}

bool cgroup_unit_name(struct str unit, char *ret_name, size_t size)
{
    struct str name = without_end(unit, STR(".service"));
    size_t n = 0;
    if (name.n == unit.n || str_starts(name, STR("user@")))
        return false;
    for (size_t i = 0; i < name.n && n + 1 < size; i++, n++) {
        unsigned byte;
        ret_name[n] = name.p[i];
        if (name.n - i >= 4 && name.p[i] == '\\' && name.p[i + 1] == 'x' && is_hex(name.p[i + 2]) &&
            is_hex(name.p[i + 3]) && sscanf((char[]){name.p[i + 2], name.p[i + 3], 0}, "%x", &byte) == 1 && byte) {
            ret_name[n] = (char)byte;
            i += 3;
        }
    }
    ret_name[n] = 0;
    return ret_name[0] != 0;
}
