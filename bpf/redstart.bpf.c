// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The kernel side as one object: socket I/O in three variants (the loader loads one), connection state, arrival,
// processes, iterators.
#include "hooks/sockio_tp.h"
#include "hooks/sockio_fentry.h"
#include "hooks/sockio_sys.h"
#include "hooks/arrival.h"
#include "hooks/state.h"
#include "hooks/process.h"
#include "hooks/environment.h"
#include "hooks/walk.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// Named here so that the object's type information has it: tests/layout compares it with the C compiler's.
struct process_event *layout_of_process_event;
