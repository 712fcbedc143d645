// Ring records: what the kernel side tells the collector. One record carries a whole exchange with its connection's
// facts, so that a collector that starts late, or loses a record, needs nothing else. Times are CLOCK_MONOTONIC
// nanoseconds, sizes bytes, ports host byte order. XREF(new-protocol): a record kind per protocol.
#pragma once

#include "common/abi/types.h"

#define HEAD_CAPTURE_MAX  256 // of each head; see README for why not more
#define TAIL_CAPTURE      8
#define UNIX_PATH_CAPTURE 108

enum record_kind {
    RECORD_KIND_NONE,
    RECORD_KIND_HTTP1,       // an exchange, sent with the first part of its response (or at the end without one)
    RECORD_KIND_HTTP1_END,   // the same exchange (connection, sequence) again: final times, sizes, maybe more of the
                             // heads
    RECORD_KIND_EXECUTED,    // a process has just executed something; where it is
    RECORD_KIND_ENVIRONMENT, // what a process says of itself
    RECORD_KIND_MAX
};

enum record_role { RECORD_ROLE_UNKNOWN, RECORD_ROLE_SERVER, RECORD_ROLE_CLIENT };

enum record_flag {
    RECORD_FLAG_CLOSED = 1 << 0,       // the connection is closed: nothing more will come of it
    RECORD_FLAG_IDLE = 1 << 1,         // END: nothing was sent for a while; more may come
    RECORD_FLAG_NO_RESPONSE = 1 << 2,  // ended without an answer
    RECORD_FLAG_NO_REQUEST = 1 << 3,   // a response whose request was not seen (pipelined, unsolicited, from before)
    RECORD_FLAG_UNREADABLE = 1 << 4,   // part of a head could not be read
    RECORD_FLAG_REQUEST_ENDS = 1 << 5, // the request's bytes so far end in CR LF CR LF
    RECORD_FLAG_NEXT = 1 << 6,         // END: because the next request came
    RECORD_FLAG_PENDING = 1 << 7,      // the loader had not yet decided on this process
};

struct http1_record {
    __u16 kind, size;  // enum record_kind; bytes of the record, data included (the ring's entry may be larger)
    __u8 family, role; // AF_INET, AF_INET6, AF_UNIX; enum record_role of the observed process
    __u16 flags;       // enum record_flag
    __u32 pid, netns;  // thread group that read (server) or sent (client) the request; network namespace inode
    __u64 connection;  // unique since the programs were loaded
    __u32 sequence;    // of the exchange on its connection
    __u16 local_port, remote_port;
    __u8 local_address[16], remote_address[16]; // IPv4 in the first 4 bytes (network order)
    __u64 emitted;                       // when the record was written: records of several rings are merged by it
    __u64 arrived;                       // server: the request's first byte reached the socket (0: not known)
    __u64 started;                       // server: the read that returned it; client: the send that took it
    __u64 responded;                     // first byte of the final response sent (server) or read (client); 0: none yet
    __u64 ended;                         // last byte so far
    __u64 request_bytes, response_bytes; // so far, heads included; interim (1xx) responses are not counted
    __u8 tail[TAIL_CAPTURE]; // last bytes of the response, right-aligned, if it is longer than its capture; else 0
    __u16 request_captured, response_offset, response_captured, path_captured; // in data; offset may leave a gap
    __u16 path_offset;
    __s16 socket_error; // errno of the socket when it closed (ECONNRESET ...)
    __u32 reserved;
    __u8 data[]; // request head, response head, Unix socket path
};
ABI_SIZE(struct http1_record, 144);

#define HTTP1_RECORD_SIZE_MAX (sizeof(struct http1_record) + 2 * HEAD_CAPTURE_MAX + UNIX_PATH_CAPTURE)

#define ENVIRONMENT_NAME_MAX       128
#define ENVIRONMENT_ATTRIBUTES_MAX 1024

// Two variables of a process's environment, and no other of them: sent after struct executed_record, when it begins to
// listen, and when the loader asks for all, each time only if it has one of them. A text of its field's size was maybe
// cut.
struct environment_record {
    __u16 kind, size;                 // up to the end of attributes
    __u16 name_size, attributes_size; // bytes in use
    __u32 pid, reserved;
    __u64 start;                                 // as in the process's event: pid and start are unique
    __u64 emitted;                               // as above
    char name[ENVIRONMENT_NAME_MAX];             // OTEL_SERVICE_NAME
    char attributes[ENVIRONMENT_ATTRIBUTES_MAX]; // OTEL_RESOURCE_ATTRIBUTES
};
ABI_SIZE(struct environment_record, 1184);

#define CGROUP_PATH_MAX 384

// What it said before holds no more. Its cgroup is told so that one which ends at once, before anybody can look, still
// belongs to its container or unit.
struct executed_record {
    __u16 kind, size;
    __u32 pid;
    __u64 start, emitted;
    char cgroup[CGROUP_PATH_MAX]; // path, see bpf/maps/cgroup.h; ends with a NUL, or is cut
};
ABI_SIZE(struct executed_record, 408);

#define RECORD_SIZE_MAX sizeof(struct environment_record) // the largest of all
