// The two variables by which a process says what it is called, found in its environment and copied into a record. No
// other variable leaves the kernel. The text is the process's own: of any length, maybe overwritten by it.
#pragma once
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "maps/rings.h"
#include "maps/scratch.h"

#define ENVIRONMENT_CHUNKS_MAX 64 // 256 KiB are looked at

#define NAME_PREFIX       "OTEL_SERVICE_NAME="
#define ATTRIBUTES_PREFIX "OTEL_RESOURCE_ATTRIBUTES="

struct environment_search {
    struct scratch *scratch;
    struct task_struct *task;
    char *text; // the value that is being measured
};

static __always_inline bool text_starts(const char *text, const char *prefix, __u32 size)
{
    for (__u32 i = 0; i < size; i++)
        if (text[i] != prefix[i])
            return false;
    return true;
}

// Does one of the two stand at this place of the chunk? A variable follows a NUL, the first one that of the arguments.
static long environment_look(__u32 at, struct environment_search *context)
{
    if (at >= SCRATCH_CHUNK)
        return 1;
    struct search *search = &context->scratch->search;
    const char *text = &context->scratch->chunk[at];
    if (text[0] || text[1] != 'O')
        return 0;
    __u32 name = at + sizeof NAME_PREFIX, attributes = at + sizeof ATTRIBUTES_PREFIX;
    if (!search->name && name <= search->filled && text_starts(text + 1, NAME_PREFIX, sizeof NAME_PREFIX - 1))
        search->name = name;
    else if (!search->attributes && attributes <= search->filled &&
             text_starts(text + 1, ATTRIBUTES_PREFIX, sizeof ATTRIBUTES_PREFIX - 1))
        search->attributes = attributes;
    return 0;
}

// What follows the NUL belongs to another variable.
static long environment_cut(__u32 at, struct environment_search *context)
{
    struct search *search = &context->scratch->search;
    if (at >= search->max || at >= ENVIRONMENT_ATTRIBUTES_MAX) // the second for the verifier
        return 1;
    char *byte = &context->text[at];
    if (!*byte)
        search->ended = 1;
    if (search->ended)
        *byte = 0;
    else
        search->size++;
    return 0;
}

// The process's memory: its own while it is running here, another's for a program that may sleep.
static __always_inline long environment_read(void *to, __u32 size, __u64 from, struct task_struct *task, bool sleeps)
{
    return sleeps ? bpf_copy_from_user_task(to, size, (const void *)from, task, 0)
                  : bpf_probe_read_user(to, size, (const void *)from);
}

static __always_inline __u32 environment_left(__u64 from, __u64 end, __u32 max)
{
    __u64 left = end - from;
    barrier_var(left); // the verifier is to see the number that is compared
    return left < max ? left : max;
}

static __always_inline __u32 value_take(struct environment_search *context, __u32 at, char *to, __u32 max, bool sleeps)
{
    struct search *search = &context->scratch->search;
    __u64 from = search->at + at;
    __u32 left = environment_left(from, search->end, max);
    if (!left || environment_read(to, left, from, context->task, sleeps))
        return 0;
    search->max = left;
    search->size = search->ended = 0;
    context->text = to;
    bpf_loop(max, environment_cut, context, 0);
    return search->size;
}

// One chunk. 1: that was the last.
static __always_inline long chunk_search(struct environment_search *context, bool sleeps)
{
    struct scratch *scratch = context->scratch;
    struct search *search = &scratch->search;
    struct environment_record *record = &scratch->record;

    if (search->at >= search->end)
        return 1;
    __u32 filled = environment_left(search->at, search->end, sizeof scratch->chunk);
    search->name = search->attributes = 0;
    search->filled = filled;
    if (environment_read(scratch->chunk, filled, search->at, context->task, sleeps))
        return 1;
    bpf_loop(SCRATCH_CHUNK, environment_look, context, 0);
    if (search->name && !record->name_size) // the first one counts, as for getenv(3)
        record->name_size = value_take(context, search->name, record->name, sizeof record->name, sleeps);
    if (search->attributes && !record->attributes_size)
        record->attributes_size =
            value_take(context, search->attributes, record->attributes, sizeof record->attributes, sleeps);
    search->at += SCRATCH_CHUNK;
    return record->name_size && record->attributes_size;
}

static long chunk_search_here(__u32 index, struct environment_search *context)
{
    return chunk_search(context, false);
}

static long chunk_search_asleep(__u32 index, struct environment_search *context)
{
    return chunk_search(context, true);
}

// True if one of the two was found.
static __always_inline bool environment_find(struct scratch *scratch, struct task_struct *task, bool sleeps)
{
    struct environment_record *record = &scratch->record;
    struct environment_search context = {.scratch = scratch, .task = task};
    __u64 start = BPF_CORE_READ(task, mm, env_start);

    scratch->search.at = start - 1;
    scratch->search.end = BPF_CORE_READ(task, mm, env_end);
    record->name_size = record->attributes_size = 0;
    if (start)
        bpf_loop(ENVIRONMENT_CHUNKS_MAX, sleeps ? chunk_search_asleep : chunk_search_here, &context, 0);
    return record->name_size || record->attributes_size;
}
