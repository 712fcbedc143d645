// Loading, attaching and walking; see probes.h. Trusts only what is embedded in this program and the kernel.
#include "loader/probes.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "common/abi/counters.h"
#include "common/lib/log.h"
#include "redstart.skel.h"

#define CPUS_PER_RING_SHIFT 2
#define PID_MAX_LIMIT       (4u << 20) // include/linux/threads.h
#define CONNECTIONS_MAX     (1u << 16) // of a hash
// Linux 5.18: before, a way without them is left.
#define ENVIRONS      "exec_environ", "listen_environ", "walk_environs"
#define TP            "sock_received", "sock_sent", "data_ready", ENVIRONS
#define FENTRY        "tcp_received", "tcp_sent", "unix_received", "unix_sent", "segment_arrived", ENVIRONS
#define FENTRY_SPARES "tcp_received_spare", "tcp_sent_spare", "unix_received_spare", "unix_sent_spare"
#define SYS           "call_ended", "segment_arrived"

// The ways to see socket I/O, best first, and the programs of each beside those that all share. Programs like ours
// have no socket storage before 5.11, no functions that are verified by themselves before 5.12; ends of system calls
// yield bare addresses. Only Linux 7 takes those with spares.
static const struct way {
    const char *variant;
    struct sockio_way settings;
    const char *programs[13];
} ways[] = {
    {"sockio-tp", {.sockio = SOCKIO_TP, .spares = 1}, {TP, "sock_received_spare", "sock_sent_spare"}},
    {"sockio-tp", {.sockio = SOCKIO_TP}, {TP}},
    {"sockio-fentry", {.sockio = SOCKIO_FENTRY, .spares = 1}, {FENTRY, FENTRY_SPARES}},
    {"sockio-fentry", {.sockio = SOCKIO_FENTRY}, {FENTRY, "tcp_paged"}},
    {"sockio-fentry", {.sockio = SOCKIO_FENTRY}, {FENTRY}},
    {"sockio-fentry",
     {.sockio = SOCKIO_FENTRY, .hashed = 1, .inlined = 1},
     {"tcp_received_18", "tcp_sent", "tcp_paged", "segment_arrived"}},
    {"sockio-sys", {.sockio = SOCKIO_SYS, .hashed = 1, .spares = 1}, {SYS, "call_ended_spare", ENVIRONS}},
    {"sockio-sys", {.sockio = SOCKIO_SYS, .hashed = 1}, {SYS, ENVIRONS}},
    {"sockio-sys", {.sockio = SOCKIO_SYS, .hashed = 1, .inlined = 1}, {SYS}},
};

static int probes_log(enum libbpf_print_level level, const char *format, va_list arguments)
{
    char line[512];
    if (level == LIBBPF_DEBUG || !log_enabled(LOG_LEVEL_DEBUG))
        return 0;
    vsnprintf(line, sizeof line, format, arguments);
    line[strcspn(line, "\n")] = 0;
    log_debug("libbpf: %s", line);
    return 0;
}

// pid_max of this kernel, for the size of the target bytes: the one number that is read as text, from the kernel
// itself.
static uint32_t pid_max_read(void)
{
    cleanup_fd int fd = open("/proc/sys/kernel/pid_max", O_RDONLY | O_CLOEXEC);
    char text[16] = "";
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        return PID_MAX_LIMIT;
    unsigned long value = strtoul(text, NULL, 10);
    return value >= 1024 && value <= PID_MAX_LIMIT ? (uint32_t)value : PID_MAX_LIMIT;
}

static bool connections_hash(struct redstart_bpf *skeleton)
{
    struct bpf_map *map = skeleton->maps.connections;
    return bpf_map__set_type(map, BPF_MAP_TYPE_HASH) == 0 && bpf_map__set_key_size(map, sizeof(uint64_t)) == 0 &&
           bpf_map__set_map_flags(map, BPF_F_NO_PREALLOC) == 0 && bpf_map__set_max_entries(map, CONNECTIONS_MAX) == 0 &&
           bpf_program__set_attach_target(skeleton->progs.walk_tails, 0, "bpf_map_elem") == 0;
}

// Functions that take pointers become static: looked at where they are called.
static void functions_inline(const struct btf *types)
{
    for (uint32_t i = 1; i < btf__type_cnt(types); i++) {
        struct btf_type *type = (struct btf_type *)btf__type_by_id(types, i);
        const struct btf_type *signature = btf_is_func(type) ? btf__type_by_id(types, type->type) : NULL;
        if (signature && btf_vlen(signature) && btf_is_ptr(btf__type_by_id(types, btf_params(signature)->type)))
            type->info = BTF_KIND_FUNC << 24; // the low bits are the linkage: BTF_FUNC_STATIC
    }
}

static bool way_take(struct redstart_bpf *skeleton, const struct way *way)
{
    for (unsigned i = 0; way->programs[i]; i++)
        bpf_program__set_autoload(bpf_object__find_program_by_name(skeleton->obj, way->programs[i]), true);
    skeleton->rodata->cfg_way = way->settings;
    if (way->settings.inlined)
        functions_inline(bpf_object__btf(skeleton->obj));
    return !way->settings.hashed || connections_hash(skeleton);
}

static bool maps_size(struct probes *probes)
{
    struct redstart_bpf *skeleton = probes->skeleton;
    return bpf_map__set_max_entries(skeleton->maps.counters, probes->cpus) == 0 &&
           bpf_map__set_max_entries(skeleton->maps.rings, probes->rings) == 0 &&
           bpf_map__set_max_entries(skeleton->maps.reserve, PROBES_RESERVE_SIZE) == 0 &&
           bpf_map__set_max_entries(skeleton->maps.targets, (probes->targets_size + 3) / 4) == 0;
}

static int rings_make(struct probes *probes)
{
    int outer = bpf_map__fd(probes->skeleton->maps.rings);
    for (uint32_t i = 0; i < probes->rings; i++) {
        int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "records", 0, 0, PROBES_RING_SIZE, NULL);
        if (fd < 0)
            return fd;
        probes->ring_fd[i] = fd;
        int r = bpf_map_update_elem(outer, &i, &fd, BPF_ANY);
        if (r)
            return r;
    }
    return 0;
}

const char *probes_variant(unsigned way)
{
    return way < array_size(ways) ? ways[way].variant : NULL;
}

void probes_drop(struct probes *probes)
{
    for (unsigned i = 0; i < PROBES_RINGS_MAX; i++)
        cleanup_fd_close(&probes->ring_fd[i]);
    redstart_bpf__destroy(probes->skeleton);
    probes->skeleton = NULL;
}

int probes_load(struct probes *probes, unsigned way)
{
    int cpus = libbpf_num_possible_cpus();
    unsigned shift = CPUS_PER_RING_SHIFT;

    *probes = (struct probes){
        .cpus = (unsigned)cpus, .ring_fd = {[0 ... PROBES_RINGS_MAX - 1] = -1}, .targets_size = pid_max_read()};
    libbpf_set_print(probes_log);
    libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
    if (cpus <= 0)
        return cpus ? cpus : -EIO;
    while ((probes->cpus - 1) >> shift >= PROBES_RINGS_MAX)
        shift++;
    probes->rings = ((probes->cpus - 1) >> shift) + 1;
    probes->skeleton = redstart_bpf__open();
    if (!probes->skeleton)
        return -errno;
    probes->skeleton->rodata->cfg_ring_size = PROBES_RING_SIZE;
    probes->skeleton->rodata->cfg_ring_shift = shift;
    if (!maps_size(probes) || !way_take(probes->skeleton, &ways[way]))
        return -EINVAL;
    int r = redstart_bpf__load(probes->skeleton);
    if (!r) // written by programs only: whoever gets the fd, the collector too, can read it and no more
        r = bpf_map_freeze(bpf_map__fd(probes->skeleton->maps.counters));
    return r ? r : rings_make(probes);
}

int probes_attach(struct probes *probes)
{
    struct redstart_bpf *skeleton = probes->skeleton;
    DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, options);
    union bpf_iter_link_info info = {.map.map_fd = (uint32_t)bpf_map__fd(skeleton->maps.connections)};

    // The iterator over connections wants its map; the skeleton attaches the rest by their section names.
    options.link_info = &info;
    options.link_info_len = sizeof info;
    skeleton->links.walk_tails = bpf_program__attach_iter(skeleton->progs.walk_tails, &options);
    return skeleton->links.walk_tails ? redstart_bpf__attach(skeleton) : -errno;
}

int probes_map(struct probes *probes)
{
    const struct redstart_bpf *skeleton = probes->skeleton;
    size_t targets_size = ((size_t)probes->targets_size + 3) / 4 * 4 * sizeof(struct target);
    int both = PROT_READ | PROT_WRITE;

    probes->events_fd = bpf_map__fd(skeleton->maps.events);
    probes->counters_fd = bpf_map__fd(skeleton->maps.counters);
    probes->reserve_fd = bpf_map__fd(skeleton->maps.reserve);
    probes->walk_tasks = bpf_link__fd(skeleton->links.walk_tasks);
    probes->walk_files = bpf_link__fd(skeleton->links.walk_files);
    probes->walk_tails = bpf_link__fd(skeleton->links.walk_tails);
    probes->walk_environs = skeleton->links.walk_environs ? bpf_link__fd(skeleton->links.walk_environs) : -1;
    void *targets = mmap(NULL, targets_size, both, MAP_SHARED, bpf_map__fd(skeleton->maps.targets), 0);
    struct redstart_bpf__bss *data = mmap(NULL, sizeof *data, both, MAP_SHARED, bpf_map__fd(skeleton->maps.bss), 0);
    void *counters = mmap(NULL, probes->cpus * sizeof(struct counters), PROT_READ, MAP_SHARED, probes->counters_fd, 0);
    if (targets == MAP_FAILED || data == MAP_FAILED || counters == MAP_FAILED)
        return -errno;
    probes->targets = targets;
    probes->policy = &data->policy;
    probes->skipped = &data->skipped;
    probes->spared = &data->spared;
    probes->counters = counters;
    return 0;
}

struct target probes_target(const struct probes *probes, uint32_t pid)
{
    return pid < probes->targets_size ? probes->targets[pid] : (struct target){0};
}

void probes_target_set(struct probes *probes, uint32_t pid, struct target target)
{
    if (pid < probes->targets_size)
        probes->targets[pid] = target;
}

bool probes_observed(const struct probes *probes, uint32_t pid)
{
    return probes_target(probes, pid).flags & (TARGET_CLIENT | TARGET_SERVER);
}

uint64_t probes_counter(const struct probes *probes, unsigned which)
{
    uint64_t sum = 0;
    for (unsigned cpu = 0; cpu < probes->cpus; cpu++)
        sum += probes->counters[cpu * (sizeof(struct counters) / sizeof(uint64_t)) + which];
    return sum;
}

bool probes_skipped(struct probes *probes)
{
    const struct bpf_object_skeleton *all = probes->skeleton->skeleton;
    uint64_t before = *probes->skipped, sum = 0;

    for (int i = 0; i < all->prog_cnt; i++) {
        struct bpf_prog_info info = {0};
        __u32 size = sizeof info;
        // A run that is left out of a spare is missed only where its program's was: that one is counted, and not
        // spared.
        if (bpf_program__autoload(*all->progs[i].prog) && !strstr(all->progs[i].name, "_spare") &&
            bpf_obj_get_info_by_fd(bpf_program__fd(*all->progs[i].prog), &info, &size) == 0)
            sum += info.recursion_misses;
    }
    uint64_t spared = *probes->spared;
    if (sum > before + spared)
        *probes->skipped = sum - spared;
    return sum > before + spared;
}

int probes_walk_tasks(const struct probes *probes)
{
    return bpf_iter_create(probes->walk_tasks);
}

int probes_walk(int link)
{
    cleanup_fd int fd = bpf_iter_create(link);
    char nothing[64];
    ssize_t n;

    if (fd < 0)
        return fd;
    do
        n = read(fd, nothing, sizeof nothing);
    while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 ? -errno : 0;
}
