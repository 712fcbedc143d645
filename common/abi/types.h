// Fixed-width types under the names that both worlds have: our vmlinux.h in BPF, linux/types.h in user space.
#pragma once

#ifndef REDSTART_BPF
#include <linux/types.h>
#include <assert.h>
#endif

// A layout that kernel and user space agree on is asserted, never assumed.
#define ABI_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " changed its size: a new ABI_VERSION")
// Changes with any layout or meaning in common/abi and common/ipc; loader and collector refuse to talk across versions.
#define ABI_VERSION 5
