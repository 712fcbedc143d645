// What the kernel's verifier says of each BPF program, in each way that the loader has: instructions looked at,
// stack; or, where it refuses one, its own words. Usage: vm-verifier [VARIANT]. As root. Lines for tests/vm/run
// KERNEL verifier:
//   WAY VARIANT PROGRAM INSTRUCTIONS STACK, or: WAY VARIANT refused: ERROR
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "loader/probes.h"
#include "redstart.skel.h"

#define LOG_SIZE  (16u << 20)
#define LOG_STATS 4 // include/linux/bpf_verifier.h: BPF_LOG_STATS
#define LOG_TAIL  6000

// "stack depth 120+64+0": the deepest chain of calls cannot need more than their sum.
static unsigned stack_sum(const char *log)
{
    const char *at = strstr(log, "stack depth ");
    unsigned sum = 0;
    for (char *rest = at ? (char *)at + 11 : ""; *rest == ' ' || *rest == '+';)
        sum += (unsigned)strtoul(rest + 1, &rest, 10);
    return sum;
}

static unsigned instructions(const char *log)
{
    const char *at = strstr(log, "processed ");
    return at ? (unsigned)strtoul(at + 10, NULL, 10) : 0;
}

static int silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
    return 0;
}

// The loader's own probes_load calls this (see CMakeLists.txt): each program gets a log first.
extern int __real_bpf_object__load_skeleton(struct bpf_object_skeleton *skeleton);
int __wrap_bpf_object__load_skeleton(struct bpf_object_skeleton *skeleton);

static unsigned log_level = LOG_STATS;

int __wrap_bpf_object__load_skeleton(struct bpf_object_skeleton *skeleton)
{
    struct bpf_program *program;

    libbpf_set_print(silent);
    bpf_object__for_each_program(program, *skeleton->obj) {
        bpf_program__set_log_buf(program, calloc(1, LOG_SIZE), LOG_SIZE);
        bpf_program__set_log_level(program, log_level);
    }
    return __real_bpf_object__load_skeleton(skeleton);
}

static void program_show(unsigned way, const struct bpf_program *program)
{
    size_t size;
    const char *log = bpf_program__log_buf(program, &size), *name = bpf_program__name(program);

    if (bpf_program__fd(program) >= 0)
        printf("%u %s %s %u %u\n", way, probes_variant(way), name, instructions(log), stack_sum(log));
    else if (log_level != LOG_STATS && log && *log)
        printf("%u %s %s:\n%s\n", way, probes_variant(way), name,
               strlen(log) > LOG_TAIL ? log + strlen(log) - LOG_TAIL : log);
    free((char *)log);
}

static void way_show(unsigned way)
{
    struct probes probes;
    struct bpf_program *program;
    int r = probes_load(&probes, way);

    if (r < 0)
        printf("%u %s refused: %s\n", way, probes_variant(way), strerror(-r));
    if (probes.skeleton)
        bpf_object__for_each_program(program, probes.skeleton->obj)
            program_show(way, program);
    probes_drop(&probes);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        log_level = 1;
    for (unsigned way = 0; probes_variant(way); way++)
        if (argc == 1 || strcmp(argv[1], probes_variant(way)) == 0)
            way_show(way);
    return 0;
}
