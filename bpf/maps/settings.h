// Settings: constants that the loader writes before it loads, and the verifier folds.
#pragma once
#include "vmlinux.h"
#include "common/abi/sockio.h"

const volatile struct sockio_way cfg_way = {};
const volatile __u32 cfg_ring_shift = 2;       // CPU >> shift is the ring's index
const volatile __u32 cfg_ring_size = 1 << 20;  // bytes of each ring
const volatile __u64 cfg_idle_ns = 300000000;  // a response that went on is reported after this much silence
const volatile __u64 cfg_news_ns = 1000000000; // and one that goes on without silence, this often
