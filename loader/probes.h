// The kernel side as the loader holds it: programs loaded and attached, maps, rings. Programs, links and the target
// bytes never leave this process.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "common/abi/event.h"
#include "common/abi/policy.h"
#include "common/abi/sockio.h"
#include "common/lib/cleanup.h"

#define PROBES_RINGS_MAX    16
#define PROBES_RING_SIZE    (1u << 20) // bytes of its data area; larger ones leave the cache, see bpf/README.md
#define PROBES_RESERVE_SIZE (4u << 20)

struct redstart_bpf;

struct probes {
    struct redstart_bpf *skeleton;
    int events_fd, counters_fd, reserve_fd;                // maps, once everything is attached
    int walk_tasks, walk_files, walk_tails, walk_environs; // links of iterators; the last: -1 before Linux 5.18
    unsigned cpus;
    unsigned rings;
    int ring_fd[PROBES_RINGS_MAX];
    volatile struct target *targets; // mapped: one for each pid
    uint32_t targets_size;
    volatile struct policy *policy; // mapped
    volatile __u64 *skipped;        // mapped; see probes_skipped
    volatile __u64 *spared;         // mapped; runs left out that a spare has done
    volatile uint64_t *counters;    // mapped, read only: cpus x struct counters
};

// The variant of way 0, 1, ... to see socket I/O, best first, then NULL.
const char *probes_variant(unsigned way);
// A failure, to attach as well, is no last word: drop it, this kernel may do for another way. 0 or -errno.
int probes_load(struct probes *probes, unsigned way) must_check;
int probes_attach(struct probes *probes) must_check;
// Drops what was loaded or attached.
void probes_drop(struct probes *probes);
// Maps targets, policy and counters. After attaching or adopting (pin.h). 0 or -errno.
int probes_map(struct probes *probes) must_check;
// Nothing takes it back: programs, links and mappings go with the process (or stay pinned).

struct target probes_target(const struct probes *probes, uint32_t pid);
void probes_target_set(struct probes *probes, uint32_t pid, struct target target);
// Is the process told to the collector?
bool probes_observed(const struct probes *probes, uint32_t pid);
// Sum of a counter over all CPUs.
uint64_t probes_counter(const struct probes *probes, unsigned which);
// Asks how often the kernel left out a run of one of our programs, because another one of it is interrupted on that CPU
// (counted since Linux 5.12), and its spare did not do it instead. True if that is news, which the next run of
// walk_tails makes COUNTER_LOST_PROBE_SKIPPED.
bool probes_skipped(struct probes *probes);

// Iterators. An fd that yields struct process_event of every process, or -errno.
int probes_walk_tasks(const struct probes *probes) must_check;
// Runs one that writes nothing over everything, to its end: walk_files marks the sockets of all observed processes,
// walk_tails reports responses that went on and fell silent, walk_environs tells the collector what processes say of
// themselves. 0 or -errno.
int probes_walk(int link) must_check;
