// Loop: dispatch, removal while events are pending, reuse of a removed slot, timers and their limits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "collector/core/clock.h"
#include "collector/core/loop.h"

struct watch {
    struct loop *loop;
    int fd, victim, calls;
    uint32_t events;
    struct watch *successor; // added in place of the victim
};

static void count(void *context, uint32_t events)
{
    struct watch *watch = context;
    watch->calls++;
    watch->events = events;
}

static int ready_fd(void)
{
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_true(fd >= 0);
    return fd;
}

static struct loop *loop_made(void)
{
    struct loop *loop = NULL;
    assert_int_equal(loop_new(&loop), 0);
    return loop;
}

static void events_arrive_and_change(void **state)
{
    struct watch watch = {.loop = loop_made(), .fd = ready_fd()};
    assert_int_equal(loop_fd_add(watch.loop, watch.fd, EPOLLIN, count, &watch), 0);
    assert_int_equal(loop_run_once(watch.loop, NS_PER_SEC), 0);
    assert_int_equal(watch.calls, 1);
    assert_int_equal(watch.events, EPOLLIN);
    assert_int_equal(loop_fd_change(watch.loop, watch.fd, EPOLLOUT), 0);
    assert_int_equal(loop_run_once(watch.loop, NS_PER_SEC), 0);
    assert_int_equal(watch.events, EPOLLOUT);
    assert_int_equal(loop_fd_change(watch.loop, watch.fd, 0), 0);
    assert_int_equal(loop_run_once(watch.loop, 0), 0);
    assert_int_equal(watch.calls, 2);
    loop_fd_remove(watch.loop, watch.fd);
    assert_int_equal(loop_fd_change(watch.loop, watch.fd, EPOLLIN), -ENOENT);
    loop_fd_remove(watch.loop, watch.fd); // twice, and a foreign one: nothing happens
    loop_fd_remove(watch.loop, -1);
    close(watch.fd);
    loop_free(watch.loop);
}

static void remove_victim(void *context, uint32_t events)
{
    struct watch *watch = context;
    count(watch, events);
    loop_fd_remove(watch->loop, watch->victim);
    if (watch->successor)
        assert_int_equal(loop_fd_add(watch->loop, watch->successor->fd, EPOLLIN, count, watch->successor), 0);
    watch->successor = NULL;
}

// Two ready fds, each of which removes the other: only the first one runs, whichever that is.
static void a_removed_fd_gets_no_pending_event(void **state)
{
    struct loop *loop = loop_made();
    struct watch a = {.loop = loop, .fd = ready_fd()}, b = {.loop = loop, .fd = ready_fd()};
    a.victim = b.fd;
    b.victim = a.fd;
    assert_int_equal(loop_fd_add(loop, a.fd, EPOLLIN, remove_victim, &a), 0);
    assert_int_equal(loop_fd_add(loop, b.fd, EPOLLIN, remove_victim, &b), 0);
    assert_int_equal(loop_run_once(loop, NS_PER_SEC), 0);
    assert_int_equal(a.calls + b.calls, 1);
    close(a.fd);
    close(b.fd);
    loop_free(loop);
}

// The removed one's slot goes to a third, quiet fd, which must not see the removed one's event.
static void a_slots_next_owner_gets_no_stale_event(void **state)
{
    struct loop *loop = loop_made();
    struct watch quiet = {.loop = loop, .fd = eventfd(0, EFD_CLOEXEC)};
    struct watch a = {.loop = loop, .fd = ready_fd(), .successor = &quiet};
    struct watch b = {.loop = loop, .fd = ready_fd(), .successor = &quiet};
    a.victim = b.fd;
    b.victim = a.fd;
    assert_int_equal(loop_fd_add(loop, a.fd, EPOLLIN, remove_victim, &a), 0);
    assert_int_equal(loop_fd_add(loop, b.fd, EPOLLIN, remove_victim, &b), 0);
    assert_int_equal(loop_run_once(loop, NS_PER_SEC), 0);
    assert_int_equal(a.calls + b.calls, 1);
    assert_int_equal(quiet.calls, 0);
    close(quiet.fd);
    close(a.fd);
    close(b.fd);
    loop_free(loop);
}

static void fds_are_capped(void **state)
{
    struct loop *loop = loop_made();
    struct watch watch = {.loop = loop};
    int fds[LOOP_FDS_MAX], extra = ready_fd();
    for (unsigned i = 0; i < LOOP_FDS_MAX; i++) {
        fds[i] = ready_fd();
        assert_int_equal(loop_fd_add(loop, fds[i], EPOLLIN, count, &watch), 0);
    }
    assert_int_equal(loop_fd_add(loop, extra, EPOLLIN, count, &watch), -ENOSPC);
    assert_int_equal(loop_fd_add(loop, fds[0], EPOLLIN, count, &watch), -EEXIST);
    assert_int_equal(loop_fd_add(loop, -1, EPOLLIN, count, &watch), -EBADF);
    loop_fd_remove(loop, fds[100]);
    assert_int_equal(loop_fd_add(loop, extra, EPOLLIN, count, &watch), 0);
    for (unsigned i = 0; i < LOOP_FDS_MAX; i++)
        close(fds[i]);
    close(extra);
    loop_free(loop);
}

static void a_regular_file_is_refused(void **state)
{
    struct watch watch = {.loop = loop_made()};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(loop_fd_add(watch.loop, fileno(file), EPOLLIN, count, &watch), -EPERM);
    fclose(file);
    loop_free(watch.loop);
}

struct tick {
    struct loop *loop;
    int timer, calls, stop_after;
    uint64_t next_period_ns;
};

static void tick(void *context)
{
    struct tick *timer = context;
    timer->calls++;
    if (timer->next_period_ns != UINT64_MAX)
        loop_timer_period(timer->loop, timer->timer, timer->next_period_ns);
    if (timer->calls == timer->stop_after)
        loop_stop(timer->loop);
}

static void timers_keep_their_beat(void **state)
{
    struct loop *loop = loop_made();
    struct tick timer = {.loop = loop, .stop_after = 5, .next_period_ns = UINT64_MAX};
    uint64_t start = clock_monotonic_ns();
    timer.timer = loop_timer_add(loop, 4 * NS_PER_MS, tick, &timer);
    assert_true(timer.timer >= 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(timer.calls, 5);
    assert_true(clock_monotonic_ns() - start >= 20 * NS_PER_MS);
    timer.stop_after = 6; // runs again after a stop
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(timer.calls, 6);
    loop_free(loop);
}

static void a_timer_pauses_itself(void **state)
{
    struct loop *loop = loop_made();
    struct tick once = {.loop = loop, .next_period_ns = 0}, end = {.loop = loop, .stop_after = 1, .next_period_ns = 0};
    once.timer = loop_timer_add(loop, 1, tick, &once);
    end.timer = loop_timer_add(loop, 20 * NS_PER_MS, tick, &end);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(once.calls, 1);
    loop_timer_period(loop, once.timer, 1); // and goes on
    assert_int_equal(loop_run_once(loop, NS_PER_SEC), 0);
    assert_int_equal(once.calls, 2);
    loop_free(loop);
}

static void missed_turns_are_not_made_up_for(void **state)
{
    struct loop *loop = loop_made();
    struct tick timer = {.loop = loop, .next_period_ns = UINT64_MAX};
    timer.timer = loop_timer_add(loop, NS_PER_MS, tick, &timer);
    usleep(20000);
    assert_int_equal(loop_run_once(loop, 0), 0);
    assert_int_equal(timer.calls, 1);
    loop_free(loop);
}

static void timers_are_capped_and_reusable(void **state)
{
    struct loop *loop = loop_made();
    struct tick timer = {.loop = loop, .next_period_ns = UINT64_MAX};
    for (int i = 0; i < LOOP_TIMERS_MAX; i++)
        assert_int_equal(loop_timer_add(loop, 0, tick, &timer), i);
    assert_int_equal(loop_timer_add(loop, 1, tick, &timer), -ENOSPC);
    loop_timer_remove(loop, 7);
    loop_timer_remove(loop, -ENOSPC);
    assert_int_equal(loop_timer_add(loop, 1, tick, &timer), 7);
    assert_int_equal(loop_run_once(loop, NS_PER_SEC), 0);
    assert_int_equal(timer.calls, 1);
    loop_free(loop);
}

static void run_once_waits_no_longer_than_told(void **state)
{
    struct loop *loop = loop_made();
    uint64_t start = clock_monotonic_ns();
    assert_int_equal(loop_run_once(loop, 5 * NS_PER_MS), 0);
    uint64_t waited = clock_monotonic_ns() - start;
    assert_true(waited >= 5 * NS_PER_MS && waited < NS_PER_SEC);
    loop_free(loop);
    loop_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_arrive_and_change),
        cmocka_unit_test(a_removed_fd_gets_no_pending_event),
        cmocka_unit_test(a_slots_next_owner_gets_no_stale_event),
        cmocka_unit_test(fds_are_capped),
        cmocka_unit_test(a_regular_file_is_refused),
        cmocka_unit_test(timers_keep_their_beat),
        cmocka_unit_test(a_timer_pauses_itself),
        cmocka_unit_test(missed_turns_are_not_made_up_for),
        cmocka_unit_test(timers_are_capped_and_reusable),
        cmocka_unit_test(run_once_waits_no_longer_than_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
