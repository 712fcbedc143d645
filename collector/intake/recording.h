// Recordings: what intake received, event by event with its monotonic time, in a file. Written by recorder.c
// (--record), read by collector/replay.c (--replay) and tests. A file is untrusted: every length, kind and record is
// checked, and what is wrong is named with its place.
//
// Layout: a header, then entries to the end of the file, each a head and `size` bytes, padded with zeros to a multiple
// of
// 8. Host byte order; a file of another ABI_VERSION is refused, it must be recorded again
// (tests/replay/record). A change of this format changes the magic.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "collector/meta/process.h"
#include "common/abi/counters.h"
#include "common/abi/record.h"

#define RECORDING_MAGIC "redstart record\n"

struct recording_header {
    char magic[16];
    uint32_t abi_version, reserved;
    int64_t clock_offset_ns; // Unix minus monotonic time when it began
};

enum recording_kind {
    RECORDING_NONE,
    RECORDING_ATTACHED, // to the loader: records flow
    RECORDING_DETACHED,
    RECORDING_RECORD,      // a ring record, as it was
    RECORDING_PROCESS,     // struct recording_process, executable, comm
    RECORDING_EXIT,        // pid
    RECORDING_CMDLINE,     // pid, arguments: what /proc told while the entry before it was handled
    RECORDING_COUNTERS,    // struct recording_counters
    RECORDING_TICK,        // the collector's turn for what waits; the clock offset at that time
    RECORDING_EXECUTABLE,  // struct process_executable
    RECORDING_ENVIRONMENT, // struct recording_environment, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
    RECORDING_EXECUTED,    // struct recording_executed, cgroup
    RECORDING_CGROUP,      // as RECORDING_CMDLINE: pid, /proc/PID/cgroup
    RECORDING_MAX
};

struct recording_entry {
    uint64_t time_ns; // CLOCK_MONOTONIC, never less than the one before
    uint32_t kind, size;
};

struct recording_process {
    uint32_t pid, parent_pid;
    uint64_t start_ns;
    uint16_t listen_port, exe_size, comm_size, reserved;
};

struct recording_environment {
    uint32_t pid;
    uint16_t name_size, attributes_size;
    uint64_t start_ns;
};

struct recording_executed {
    uint32_t pid, cgroup_size;
    uint64_t start_ns;
};

struct recording_counters {
    uint64_t connections;
    struct counters kernel; // sum over CPUs
};

_Static_assert(sizeof(struct recording_header) == 32 && sizeof(struct recording_entry) == 16 &&
                   sizeof(struct recording_process) == 24 && sizeof(struct recording_environment) == 16 &&
                   sizeof(struct recording_executed) == 16 && sizeof(struct recording_counters) == 264 &&
                   sizeof(struct process_executable) == 144,
               "recordings have no padding inside structs");

// An entry in memory. What one from a reader points to is good until the next recording_next.
struct recording_event {
    enum recording_kind kind;
    uint64_t time_ns;
    union {
        const struct http1_record *record;
        struct process_executed executed;
        struct process_environment environment;
        struct process_facts process;
        const struct process_executable *executable;
        uint32_t exited_pid;
        struct {
            uint32_t pid;
            struct str text;
        } file; // RECORDING_CMDLINE, RECORDING_CGROUP
        const struct recording_counters *counters;
        int64_t clock_offset_ns;
    };
};

// 0 or -errno. The file is not closed here.
int recording_begin(FILE *file, int64_t clock_offset_ns) must_check;
// One more entry. 0 or -errno (-EINVAL: it would not be read again).
int recording_add(FILE *file, const struct recording_event *event) must_check;

#define RECORDING_SIZE_MAX (sizeof(uint64_t) + PROC_FILE_BYTES_MAX) // of an entry; records and processes are smaller
_Static_assert(RECORDING_SIZE_MAX >= RECORD_SIZE_MAX &&
                   RECORDING_SIZE_MAX >= sizeof(struct recording_process) + PROCESS_EXE_MAX + 16 &&
                   RECORDING_SIZE_MAX >= sizeof(struct environment_record),
               "the largest entry");

struct recording_reader {
    FILE *file; // the caller's
    int64_t clock_offset_ns;
    uint64_t offset;     // bytes read so far
    const char *problem; // what is wrong with the file at `offset`, a static text; NULL: nothing (yet)
    uint64_t time_ns;    // of the entry read last
    struct {
        struct recording_event event;
        _Alignas(8) uint8_t data[RECORDING_SIZE_MAX];
    } slots[2];   // the event handed out, and room for the one behind it
    bool current; // which of the two was handed out
    bool ahead;   // the other one holds the next event already
};

// 0, or -EBADMSG (problem set) or -EIO.
int recording_open(struct recording_reader *reader, FILE *file) must_check;
// 1 and the next event; 0 at the end; -EBADMSG (problem set, offset of the entry) or -EIO, again and again.
int recording_next(struct recording_reader *reader, const struct recording_event **ret_event) must_check;
// How the text of a file in /proc is written down.
enum recording_kind recording_kind_of(enum proc_file file);
// What /proc told of this process while the event handed out last was handled: a process_source_fn whose context is the
// reader. 0 or -ENOENT.
int recording_file(void *reader, enum proc_file file, uint32_t pid, char *buffer, size_t size,
                   size_t *ret_n) must_check;
