// Settings: constants that the loader writes before it loads, and the verifier folds.
#pragma once
#include "vmlinux.h"

#define PORTS 65536

const volatile __u32 cfg_ring_shift = 2;       // CPU >> shift is the ring's index
const volatile __u32 cfg_ring_size = 1 << 20;  // bytes of each ring
const volatile __u64 cfg_idle_ns = 300000000;  // a response that went on is reported after this much silence
const volatile __u64 cfg_news_ns = 1000000000; // and one that goes on without silence, this often
const volatile bool cfg_select_all = false;    // every process but the excluded
const volatile bool cfg_select_names = true;   // what a process executes can select or exclude it: exec is to be decided on
const volatile bool cfg_select_ports = false;  // cfg_ports has bits
const volatile __u8 cfg_ports[PORTS / 8] = {};          // --port
const volatile __u8 cfg_excluded_ports[PORTS / 8] = {}; // --exclude-port

static __always_inline bool port_selected(__u16 port)
{
    return cfg_select_ports && cfg_ports[port >> 3] & (1 << (port & 7));
}

static __always_inline bool port_excluded(__u16 port)
{
    return cfg_excluded_ports[port >> 3] & (1 << (port & 7));
}
