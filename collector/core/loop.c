// The collector's epoll loop; see loop.h. One thread calls everything here, from main and from callbacks.
//
// An event carries its slot and the slot's generation, so that a callback may remove any fd, and another may take its
// slot, while events of the same epoll_wait are still to be handed out. Timers need no fd: the wait's timeout is the
// time until the next one is due, rounded up to whole milliseconds so that it is due when the wait ends.
#include "collector/core/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include "collector/core/clock.h"

#define EVENTS_PER_WAIT 64
#define NEVER           UINT64_MAX

struct loop_slot {
    int fd; // -1: free
    uint32_t generation;
    loop_fd_fn *fn;
    void *context;
};

struct loop_timer {
    uint64_t period_ns, due_ns; // due_ns: NEVER while paused
    loop_timer_fn *fn;          // NULL: free
    void *context;
};

struct loop {
    int epoll_fd;
    bool stopped;
    unsigned slots_used; // no slot beyond was ever in use
    struct loop_slot slot[LOOP_FDS_MAX];
    struct loop_timer timer[LOOP_TIMERS_MAX];
};

int loop_new(struct loop **ret_loop)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return -ENOMEM;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        int error = -errno;
        free(loop);
        return error;
    }
    *ret_loop = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    close(loop->epoll_fd);
    free(loop);
}

static struct loop_slot *slot_find(struct loop *loop, int fd)
{
    for (unsigned i = 0; i < loop->slots_used; i++)
        if (loop->slot[i].fd == fd)
            return &loop->slot[i];
    return NULL;
}

static struct loop_slot *slot_take(struct loop *loop)
{
    struct loop_slot *free_slot = slot_find(loop, -1);
    if (!free_slot && loop->slots_used < LOOP_FDS_MAX) {
        free_slot = &loop->slot[loop->slots_used++];
        free_slot->fd = -1;
    }
    return free_slot;
}

static int slot_control(struct loop *loop, const struct loop_slot *slot, int operation, int fd, uint32_t events)
{
    uint64_t key = (uint64_t)slot->generation << 32 | (uint64_t)(slot - loop->slot);
    struct epoll_event event = {.events = events, .data.u64 = key};
    return epoll_ctl(loop->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

int loop_fd_add(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *context)
{
    if (fd < 0)
        return -EBADF;
    if (slot_find(loop, fd))
        return -EEXIST;
    struct loop_slot *slot = slot_take(loop);
    if (!slot)
        return -ENOSPC;
    int error = slot_control(loop, slot, EPOLL_CTL_ADD, fd, events);
    if (error)
        return error;
    slot->fd = fd;
    slot->fn = fn;
    slot->context = context;
    return 0;
}

int loop_fd_change(struct loop *loop, int fd, uint32_t events)
{
    struct loop_slot *slot = fd >= 0 ? slot_find(loop, fd) : NULL;
    return slot ? slot_control(loop, slot, EPOLL_CTL_MOD, fd, events) : -ENOENT;
}

void loop_fd_remove(struct loop *loop, int fd)
{
    struct loop_slot *slot = fd >= 0 ? slot_find(loop, fd) : NULL;
    if (!slot)
        return;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL); // fails only if the fd is closed already, which also removed it
    slot->fd = -1;
    slot->generation++;
}

static uint64_t due_after(uint64_t now_ns, uint64_t period_ns)
{
    return period_ns && period_ns < NEVER - now_ns ? now_ns + period_ns : NEVER;
}

int loop_timer_add(struct loop *loop, uint64_t period_ns, loop_timer_fn *fn, void *context)
{
    for (int id = 0; id < LOOP_TIMERS_MAX; id++) {
        if (loop->timer[id].fn)
            continue;
        loop->timer[id] = (struct loop_timer){.fn = fn, .context = context};
        loop_timer_period(loop, id, period_ns);
        return id;
    }
    return -ENOSPC;
}

void loop_timer_period(struct loop *loop, int timer, uint64_t period_ns)
{
    loop->timer[timer].period_ns = period_ns;
    loop->timer[timer].due_ns = due_after(clock_monotonic_ns(), period_ns);
}

void loop_timer_remove(struct loop *loop, int timer)
{
    if (timer >= 0)
        loop->timer[timer] = (struct loop_timer){.due_ns = NEVER};
}

static void timers_run(struct loop *loop)
{
    uint64_t now = clock_monotonic_ns();
    for (unsigned i = 0; i < LOOP_TIMERS_MAX; i++) {
        struct loop_timer *timer = &loop->timer[i];
        if (!timer->fn || timer->due_ns > now)
            continue;
        // Keeps its beat unless a whole period was missed. Set before the call, which may change the period.
        uint64_t next = due_after(timer->due_ns, timer->period_ns);
        timer->due_ns = next > now ? next : due_after(now, timer->period_ns);
        timer->fn(timer->context);
    }
}

// Milliseconds until something is due, at most timeout_ns; -1: nothing ever is.
static int wait_ms(const struct loop *loop, uint64_t timeout_ns)
{
    uint64_t now = clock_monotonic_ns(), wait = timeout_ns;
    for (unsigned i = 0; i < LOOP_TIMERS_MAX; i++) {
        const struct loop_timer *timer = &loop->timer[i];
        if (!timer->fn || timer->due_ns == NEVER)
            continue;
        uint64_t left = timer->due_ns > now ? timer->due_ns - now : 0;
        if (left < wait)
            wait = left;
    }
    if (wait == NEVER)
        return -1;
    uint64_t ms = wait / NS_PER_MS + (wait % NS_PER_MS != 0);
    return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

static void event_dispatch(struct loop *loop, const struct epoll_event *event)
{
    const struct loop_slot *slot = &loop->slot[event->data.u64 & UINT32_MAX];
    if (slot->fd >= 0 && slot->generation == event->data.u64 >> 32)
        slot->fn(slot->context, event->events);
}

int loop_run_once(struct loop *loop, uint64_t timeout_ns)
{
    struct epoll_event events[EVENTS_PER_WAIT];
    int n = epoll_wait(loop->epoll_fd, events, EVENTS_PER_WAIT, wait_ms(loop, timeout_ns));
    if (n < 0 && errno != EINTR)
        return -errno;
    for (int i = 0; i < n; i++)
        event_dispatch(loop, &events[i]);
    timers_run(loop);
    return 0;
}

int loop_run(struct loop *loop)
{
    int error = 0;
    while (!loop->stopped && !error)
        error = loop_run_once(loop, NEVER);
    loop->stopped = false; // may run again
    return error;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
