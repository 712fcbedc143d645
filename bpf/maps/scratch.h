// Room for what is too large for the stack, while one program runs. Each program has its own, on each CPU: one may be
// interrupted by another.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "common/abi/record.h"

#define SCRATCH_CHUNK   4096 // looked at at a time, and the longest thing to be found that begins in it
#define SCRATCH_OVERLAP 32

enum scratch_user { SCRATCH_EXEC, SCRATCH_LISTEN, SCRATCH_WALK, SCRATCH_USER_MAX };

// State of a search, here and not on the stack: before Linux 6.8 the verifier looks at a loop's function once, and
// takes what it knows of the stack for true in every turn.
struct search {
    __u64 at, end;          // user addresses of the chunk and of the end of all
    __u32 filled;           // bytes of the chunk
    __u32 name, attributes; // where in the chunk their values begin; 0: not in this one
    __u32 max, size;        // of the value that is being measured
    __u32 ended;
};

struct scratch {
    char chunk[SCRATCH_CHUNK + SCRATCH_OVERLAP];
    struct search search;
    struct executed_record executed; // not the last: ring_write takes whole entries
    struct environment_record record;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, SCRATCH_USER_MAX);
    __type(key, __u32);
    __type(value, struct scratch);
} scratch SEC(".maps");

static __always_inline struct scratch *scratch_of(enum scratch_user user)
{
    __u32 key = user;
    return bpf_map_lookup_elem(&scratch, &key);
}
