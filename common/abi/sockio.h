// How socket I/O is seen: written by the loader before it loads, folded by the verifier.
#pragma once
#include "common/abi/types.h"

enum sockio {
    SOCKIO_TP,     // tracepoints of sockets: the buffer is in the saved registers of the task
    SOCKIO_FENTRY, // functions of TCP and Unix streams: in their message
    SOCKIO_SYS,    // ends of system calls: in the registers that they hand over
};

struct sockio_way {
    __u8 sockio;  // enum sockio
    __u8 hashed;  // connections are entries of a hash by the socket's address, not its storage
    __u8 inlined; // functions are verified anew at each call: their loops are shorter
    __u8 spares;  // programs can be preempted: those at each call have a second one, for when the first is left out
};
