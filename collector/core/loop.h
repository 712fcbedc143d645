// The collector's one epoll loop: fds, periodic timers, a stop flag. Everything but OTLP pushing runs on it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "common/lib/cleanup.h"

struct loop;

// Called with the epoll events that are ready.
typedef void loop_fd_fn(void *context, uint32_t events);
typedef void loop_timer_fn(void *context);

// 0 or -errno.
int loop_new(struct loop **ret_loop) must_check;
// NULL is fine. Does not close the fds that were added.
void loop_free(struct loop *loop);

// events: EPOLLIN and so on, level-triggered. The loop does not own the fd: remove it before closing it. At most
// LOOP_FDS_MAX. Removing any fd from a callback is safe: events of it that were already fetched are dropped. 0 or
// -errno.
#define LOOP_FDS_MAX 512
int loop_fd_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *context) must_check;
int loop_fd_change(struct loop *loop, int fd, uint32_t events) must_check;
void loop_fd_remove(struct loop *loop, int fd);

// A periodic timer; its period can be changed at any time (also from its own callback), 0 pauses it. A new period
// counts from now; turns that were missed are not made up for. At most LOOP_TIMERS_MAX. Returns a timer id >= 0 or
// -errno.
#define LOOP_TIMERS_MAX 32
int loop_timer_add(struct loop *loop, uint64_t period_ns, loop_timer_fn *fn, void *context) must_check;
void loop_timer_period(struct loop *loop, int timer, uint64_t period_ns);
// Its id may be given to another timer. A negative id is fine.
void loop_timer_remove(struct loop *loop, int timer);

// Runs until loop_stop; 0 or -errno.
int loop_run(struct loop *loop) must_check;
// Waits at most timeout_ns for events and runs what is due once (for flushing at the end, and tests). 0 or -errno.
int loop_run_once(struct loop *loop, uint64_t timeout_ns) must_check;
void loop_stop(struct loop *loop);
