// What a collector gets once: the fds of counters and rings, each in a message of its own.
#pragma once

#include "common/lib/cleanup.h"
#include "loader/probes.h"

// 0, or -errno: the conversation is to be ended.
int hand_over(const struct probes *probes, int peer_fd) must_check;
