// The loader's side of the conversation with the collector, over one SOCK_SEQPACKET Unix socket:
//   collector > loader   hello (version)                         the only thing the collector ever says
//   loader > collector   map (one per map, its fd attached), ready, then process records, one way
// Each message is one of the structs below, of exactly its size. A message of another size or kind, or a second hello,
// ends the conversation. fds travel from the loader only, one per message.
#pragma once

#include <stdint.h>
#include "common/abi/types.h"
#include "common/ipc/executable.h"

#define MESSAGE_MAGIC     0x52445354u // "RDST"
#define MESSAGE_EXE_MAX   256
#define MESSAGE_RINGS_MAX 64

enum message_kind {
    MESSAGE_NONE,
    MESSAGE_HELLO,
    MESSAGE_MAP,
    MESSAGE_READY,
    MESSAGE_PROCESS,
    MESSAGE_EXIT,
    MESSAGE_BUSY, // another collector is connected; the loader closes
    MESSAGE_EXECUTABLE,
    MESSAGE_WALK,
};

enum message_map { MESSAGE_MAP_RING, MESSAGE_MAP_COUNTERS, MESSAGE_MAP_RESERVE };

struct message_hello {
    uint32_t kind, magic, abi_version, reserved;
};

struct message_map_fd {
    uint32_t kind, map;   // enum message_map; the fd is in SCM_RIGHTS
    uint32_t index, size; // ring number; bytes of data area (rings) or of the whole (counters)
};

struct message_ready {
    uint32_t kind, rings;
};

struct message_process {
    uint32_t kind, pid, parent_pid;
    uint16_t listen_port, exe_size; // bytes of exe in use
    uint64_t start;                 // boot-time ns
    char comm[16];                  // NUL-padded
    char exe[MESSAGE_EXE_MAX];      // the link the kernel gives, not NUL-terminated
};

struct message_exit {
    uint32_t kind, pid;
};

// Around what is told in a walk over all processes: who was told of before, but not since it began, has ended.
struct message_walk {
    uint32_t kind, ends;
};

// What a process executes, some time after the process itself was told; never, if it cannot be found out.
struct message_executable {
    uint32_t kind, pid;
    uint64_t start; // as in message_process: pid and start are unique
    struct executable executable;
};

_Static_assert(sizeof(struct message_hello) == 16 && sizeof(struct message_map_fd) == 16 &&
                   sizeof(struct message_ready) == 8 && sizeof(struct message_process) == 296 &&
                   sizeof(struct message_exit) == 8 && sizeof(struct message_executable) == 144,
               "messages have no padding");
