// The loader's conversation with the resolver, over one SOCK_SEQPACKET socket pair that is the resolver's standard
// input:
//   loader > resolver   request, the file's fd (read only) attached
//   resolver > loader   one answer for each, in the order of the requests
// Each is one of the structs below, of exactly its size. The end of the connection ends the resolver.
#pragma once

#include "common/ipc/executable.h"

#define RESOLVER_MAGIC 0x52445346u // "RDSF"

enum resolver_status {
    RESOLVER_DONE,
    RESOLVER_NOT_ELF,   // nor anything that could be one; a damaged one too
    RESOLVER_NO_ANSWER, // the child ended without one: `signal` says how
    RESOLVER_TIME_OVER, // it was killed for taking too long
    RESOLVER_STATUS_MAX
};

struct resolver_request {
    uint32_t magic, ticket; // any number; the answer repeats it
};

struct resolver_answer {
    uint32_t ticket;
    uint16_t status, signal;
    struct executable executable; // all zero unless RESOLVER_DONE
};

_Static_assert(sizeof(struct resolver_request) == 8 && sizeof(struct resolver_answer) == 136,
               "messages have no padding");
