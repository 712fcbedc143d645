// Spans on standard output; see text.h. Lines collect in a buffer during one turn of the loop and leave it in the next
// by one write; when the reader's pipe is full the loop waits for it (EPOLLOUT) and spans go on collecting, up to a
// limit.
#include "collector/export/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include "collector/core/clock.h"
#include "common/lib/log.h"

#define QUEUE_BYTES_MAX   (4 << 20)   // some 5,000 spans as JSON, 20,000 as text
#define QUEUE_BYTES_WRITE (64 << 10)  // a pipe's usual size: no use in waiting for more
#define QUEUE_BYTES_KEEP  (256 << 10) // more memory is given back once the queue is empty
#define NEXT_TURN_NS      1

struct text_sink {
    struct loop *loop;
    struct self *self;
    void (*format)(struct buffer *buffer, const struct span *span);
    struct buffer queue;
    size_t written; // bytes of the queue
    int fd, flags;  // as found; -1: nothing to put back
    int timer;
    bool scheduled; // to write in the next turn
    bool waiting;   // for EPOLLOUT
};

static void sink_writable(void *context, uint32_t events);

static void sink_wait(struct text_sink *sink)
{
    if (sink->waiting)
        return;
    sink->waiting = loop_fd_add(sink->loop, sink->fd, EPOLLOUT, sink_writable, sink) == 0;
    if (!sink->waiting) // the loop is full: ask again soon
        loop_timer_period(sink->loop, sink->timer, 10 * NS_PER_MS);
}

static void sink_stop_waiting(struct text_sink *sink)
{
    if (sink->waiting)
        loop_fd_remove(sink->loop, sink->fd);
    sink->waiting = false;
}

static void queue_clear(struct text_sink *sink)
{
    sink->written = 0;
    buffer_reset(&sink->queue);
    if (sink->queue.room > QUEUE_BYTES_KEEP)
        buffer_release(&sink->queue);
}

static void queue_drop(struct text_sink *sink, enum self_spans_dropped cause)
{
    const char *end = sink->queue.p + sink->queue.n;
    for (const char *p = sink->queue.p + sink->written; p < end; p++) {
        p = memchr(p, '\n', (size_t)(end - p)); // every line has its newline
        sink->self->spans_dropped[cause]++;
    }
    queue_clear(sink);
}

// Moves what is left to the front once at least half is written, so that each byte moves about once.
static void queue_compact(struct text_sink *sink)
{
    if (sink->written < sink->queue.n - sink->written)
        return;
    sink->queue.n -= sink->written;
    memmove(sink->queue.p, sink->queue.p + sink->written, sink->queue.n);
    sink->written = 0;
}

// As much as the reader takes now. True: the queue is empty.
static bool queue_write(struct text_sink *sink)
{
    while (sink->written < sink->queue.n) {
        ssize_t n = write(sink->fd, sink->queue.p + sink->written, sink->queue.n - sink->written);
        if (n >= 0) {
            sink->written += (size_t)n;
        } else if (errno == EAGAIN) {
            queue_compact(sink);
            return false;
        } else if (errno != EINTR) {
            log_limited(LOG_LEVEL_WARN, "standard output takes no spans error=\"%s\"", strerror(errno));
            queue_drop(sink, SELF_SPANS_DROPPED_STDOUT_FAILED);
        }
    }
    queue_clear(sink);
    return true;
}

static void sink_flow(struct text_sink *sink)
{
    loop_timer_period(sink->loop, sink->timer, 0);
    sink->scheduled = false;
    if (queue_write(sink))
        sink_stop_waiting(sink);
    else
        sink_wait(sink);
}

static void sink_writable(void *context, uint32_t events)
{
    sink_flow(context); // an error or hang-up shows in the write
}

static void sink_turn(void *context)
{
    sink_flow(context);
}

// One whole line in the queue, or nothing.
static bool queue_add(struct text_sink *sink, const struct span *span)
{
    size_t before = sink->queue.n;
    sink->format(&sink->queue, span);
    if (!sink->queue.failed)
        return true;
    sink->queue.n = before;
    sink->queue.failed = false;
    return false;
}

void text_sink_span(void *context, const struct span *span)
{
    struct text_sink *sink = context;
    if (!queue_add(sink, span)) {
        sink_flow(sink);
        if (!queue_add(sink, span)) {
            sink->self->spans_dropped[SELF_SPANS_DROPPED_STDOUT_SLOW]++;
            return;
        }
    }
    if (sink->waiting)
        return;
    if (sink->queue.n - sink->written >= QUEUE_BYTES_WRITE) {
        sink_flow(sink);
    } else if (!sink->scheduled) {
        sink->scheduled = true;
        loop_timer_period(sink->loop, sink->timer, NEXT_TURN_NS);
    }
}

// 0 or -errno. Whoever shares the open file (the shell, the launcher) sees the mode too: it is put back at the end.
static int fd_unblock(int fd, int *ret_flags_found)
{
    struct stat file;
    if (fstat(fd, &file) < 0)
        return -errno;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -errno;
    bool change = !S_ISREG(file.st_mode) && !(flags & O_NONBLOCK);
    if (change && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    *ret_flags_found = change ? flags : -1;
    return 0;
}

int text_sink_new(struct text_sink **ret_sink, struct loop *loop, struct self *self, int fd, enum text_format format)
{
    struct text_sink *sink = calloc(1, sizeof(*sink));
    if (!sink)
        return -ENOMEM;
    *sink = (struct text_sink){
        .loop = loop,
        .self = self,
        .format = format == TEXT_FORMAT_JSON ? json_format_span : text_format_span,
        .fd = fd,
        .flags = -1,
    };
    buffer_init(&sink->queue, QUEUE_BYTES_MAX);
    int error = sink->timer = loop_timer_add(loop, 0, sink_turn, sink);
    if (error >= 0)
        error = fd_unblock(fd, &sink->flags);
    if (error < 0) {
        text_sink_free(sink);
        return error;
    }
    *ret_sink = sink;
    return 0;
}

void text_sink_free(struct text_sink *sink)
{
    if (!sink)
        return;
    sink_stop_waiting(sink);
    loop_timer_remove(sink->loop, sink->timer);
    if (sink->flags >= 0)
        fcntl(sink->fd, F_SETFL, sink->flags);
    buffer_release(&sink->queue);
    free(sink);
}

void text_sink_flush(struct text_sink *sink, uint64_t timeout_ns)
{
    uint64_t start = clock_monotonic_ns();
    while (!queue_write(sink)) {
        uint64_t waited = clock_monotonic_ns() - start;
        if (waited >= timeout_ns) {
            queue_drop(sink, SELF_SPANS_DROPPED_STDOUT_SLOW);
            break;
        }
        uint64_t ms = (timeout_ns - waited) / NS_PER_MS + 1;
        struct pollfd writable = {.fd = sink->fd, .events = POLLOUT};
        poll(&writable, 1, ms < INT32_MAX ? (int)ms : INT32_MAX);
    }
    sink_stop_waiting(sink);
}
