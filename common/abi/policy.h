// What the loader tells the kernel side about selection: ports and switches. Written by the loader through a mapping;
// a rule that has ports owns a bit, in the byte of each port it names and in that of each process that matches the
// rest of the rule.
#pragma once

#include "common/abi/event.h"

#define POLICY_PORTS 65536
#define POLICY_BITS  8

struct policy {
    __u64 settled;  // POLICY_SETTLED(open), or 0 while rules are being replaced: no process is decided on
    __u8 names;     // what a process executes, or where, can select or exclude it
    __u8 cgroups;   // rules look at cgroups: events carry them
    __u8 open;      // bits of rules that name nothing but ports: every process has them
    __u8 excluding; // bits of rules that exclude
    __u8 lineage;   // bits of descendants of a pid: these stay when something else is executed
    __u8 all;       // nothing is selected: everything is
    __u8 ports[POLICY_PORTS];
};
ABI_SIZE(struct policy, 65552);

// What is looked at in four targets (struct target) at once, to tell that none of them is observed: their flags, and
// their rules but for those that every process has. TARGET_OWN is not looked at: here it tells this from 0.
#define POLICY_SETTLED(open)                                                                                           \
    ((TARGET_CLIENT | TARGET_SERVER | TARGET_PENDING | (__u8) ~(open) << 8) * 0x0001000100010001U | TARGET_OWN)
