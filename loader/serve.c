// The serving loop; see serve.h. The only foreign bytes read here are one hello of 16 bytes from the collector.
#include "loader/serve.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "common/abi/counters.h"
#include "common/lib/log.h"
#include "common/lib/notify.h"
#include "loader/hand_over.h"

#define HELLO_TICKS     5          // a collector that says nothing keeps the place no longer
#define TAILS_PERIOD_NS 400000000L // how often silent responses are looked for, at least; the timer's ticks

struct server {
    struct selection *selection;
    struct ring_buffer *events;
    int epoll_fd, listen_fd, signal_fd, timer_fd;
    int peer_fd; // the collector, -1
    struct ucred peer;
    bool peer_greeted;              // its hello was right
    unsigned peer_ticks;            // of the timer since it connected
    uint64_t watchdog_ticks, ticks; // of the timer: from one sign of life to the next (0: none is waited for); so far
    int sync_fd;                    // the walk over all processes that is being told to it, -1
    bool said[POLICY_PORTS];        // ports whose first listener was logged
    bool sync_again;                // something could not be told: walk once more
    uint64_t events_lost;           // as counted when it was looked at last
    struct resolve *resolve;
    uint32_t resolve_from, resolve_next; // the pid from which this walk, and the next one, asks for executables
    bool walk;                           // sockets, once the events at hand are handled
    struct process_event pending[8];
    unsigned pending_count, pending_next;
};

static void peer_close(struct server *server, const char *why)
{
    if (server->peer_fd < 0)
        return;
    log_info("collector disconnected: %s pid=%d uid=%u", why, server->peer.pid, server->peer.uid);
    cleanup_fd_close(&server->peer_fd);
    cleanup_fd_close(&server->sync_fd);
    server->peer_greeted = false;
    server->pending_count = server->pending_next = 0;
}

// True if the peer has it (or is gone, or none said hello yet); false if its buffer is full.
static bool peer_send(struct server *server, const void *message, size_t size)
{
    if (!server->peer_greeted || send(server->peer_fd, message, size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
        return false;
    peer_close(server, strerror(errno));
    return true;
}

// Tells what a process executes, or asks for it. What cannot be asked now is left to another walk, which then goes on
// from that pid: so walks end, however many executables there are.
static void executable_tell(struct server *server, const struct process_event *event)
{
    struct message_executable message;
    enum resolve_outcome outcome = resolve_ask(server->resolve, event->pid, event->start, &message);

    if (outcome != RESOLVE_BUSY && (outcome != RESOLVE_KNOWN || peer_send(server, &message, sizeof message)))
        return;
    server->sync_again = true;
    if (event->pid < server->resolve_next)
        server->resolve_next = event->pid;
}

static void resolver_read(struct server *server)
{
    struct message_executable message;

    while (resolve_receive(server->resolve, &message))
        if (!peer_send(server, &message, sizeof message)) {
            server->sync_again = true;
            server->resolve_next = 0;
        }
}

// Tells the collector of a process. What does not fit into its buffer now is told by another walk later.
static bool process_tell(struct server *server, const struct process_event *event, uint16_t port)
{
    struct message_process message;
    if (!server->peer_greeted || !selection_describe(event, port, &message))
        return true;
    if (!peer_send(server, &message, sizeof message))
        return false;
    if (server->peer_greeted && (event->kind != EVENT_TASK || event->pid >= server->resolve_from))
        executable_tell(server, event);
    return true;
}

static void sockets_walk(struct server *server)
{
    server->walk = false;
    if (probes_walk(server->selection->probes->walk_files) < 0)
        log_limited(LOG_LEVEL_WARN, "cannot walk the sockets of processes: %s", strerror(errno));
}

// Tells of one process in a walk over all: it is observed, or no longer. False if there is no room.
static bool process_sync(struct server *server, const struct process_event *event)
{
    struct probes *probes = server->selection->probes;
    struct message_exit gone = {MESSAGE_EXIT, event->pid};
    uint8_t flags = probes_target(probes, event->pid).flags;
    bool told = true;

    if (flags & (TARGET_CLIENT | TARGET_SERVER | TARGET_KNOWN))
        told = process_tell(server, event, 0);
    else if (flags & TARGET_GONE)
        told = peer_send(server, &gone, sizeof gone);
    if (told && flags & TARGET_GONE) {
        struct target target = probes_target(probes, event->pid);
        target.flags &= (uint8_t)~TARGET_GONE;
        probes_target_set(probes, event->pid, target);
    }
    return told;
}

static void walk_tell(struct server *server, uint32_t ends)
{
    struct message_walk walk = {MESSAGE_WALK, ends};
    server->sync_again |= !peer_send(server, &walk, sizeof walk);
}

// Goes on with telling all observed processes; stops when the buffer is full (EPOLLOUT resumes it).
static void sync_continue(struct server *server)
{
    while (server->sync_fd >= 0) {
        if (server->pending_next == server->pending_count) {
            ssize_t n = read(server->sync_fd, server->pending, sizeof server->pending);
            server->pending_next = 0;
            server->pending_count = n > 0 ? (unsigned)((size_t)n / sizeof server->pending[0]) : 0;
            if (n <= 0) {
                cleanup_fd_close(&server->sync_fd);
                if (n == 0)
                    walk_tell(server, 1);
                break;
            }
        }
        if (!process_sync(server, &server->pending[server->pending_next]))
            return;
        server->pending_next++;
    }
    // Which of them listen on what comes back as events.
    if (server->peer_fd >= 0)
        sockets_walk(server);
}

static void sync_start(struct server *server)
{
    cleanup_fd_close(&server->sync_fd);
    server->pending_count = server->pending_next = 0;
    server->sync_again = false;
    server->resolve_from = server->resolve_next;
    server->resolve_next = UINT32_MAX;
    server->sync_fd = probes_walk_tasks(server->selection->probes);
    walk_tell(server, 0);
    if (server->sync_fd >= 0)
        sync_continue(server);
    else
        log_limited(LOG_LEVEL_ERROR, "cannot walk the processes: %s", strerror(errno));
}

static int event_handle(void *context, void *data, size_t size)
{
    struct server *server = context;
    struct process_event whole = {0}, *event = &whole;
    struct probes *probes = server->selection->probes;
    bool told = true;

    if (size != EVENT_SHORT && size != sizeof whole)
        return 0;
    memcpy(&whole, data, size);
    struct message_exit gone = {MESSAGE_EXIT, event->pid};
    switch (event->kind) {
    case EVENT_EXEC:
    case EVENT_MOVE:
        if (selection_decide(server->selection, event))
            told = process_tell(server, event, 0);
        else if (event->notes & EVENT_TOLD)
            told = peer_send(server, &gone, sizeof gone);
        server->walk |= event->notes & EVENT_BY_PORT || event->kind == EVENT_MOVE;
        break;
    case EVENT_FORK:
        // A child of a process that is not decided on is not either, and no exec of its own may follow.
        if (probes_target(probes, event->pid).flags & TARGET_PENDING && !selection_decide(server->selection, event))
            break;
        // fall through
    case EVENT_ACTIVE:
        told = process_tell(server, event, 0);
        break;
    case EVENT_LISTEN:
        if (event->notes & EVENT_BY_PORT && !server->said[event->port]) {
            server->said[event->port] = true;
            log_info("observing port=%u pid=%u", event->port, event->pid);
        }
        if (probes_observed(probes, event->pid))
            told = process_tell(server, event, event->port);
        break;
    case EVENT_EXIT:
        told = peer_send(server, &gone, sizeof gone);
        break;
    }
    server->sync_again |= !told;
    return 0;
}

static int epoll_watch(struct server *server, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void peer_accept(struct server *server)
{
    cleanup_fd int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct ucred who = {0};
    socklen_t size = sizeof who;

    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
        return;
    if (who.uid != server->selection->options->collector_uid) {
        log_limited(LOG_LEVEL_WARN, "refused a connection: uid=%u pid=%d is not the collector's uid %u", who.uid,
                    who.pid, server->selection->options->collector_uid);
        return;
    }
    if (server->peer_fd >= 0) {
        struct message_exit busy = {MESSAGE_BUSY, 0};
        send(fd, &busy, sizeof busy, MSG_NOSIGNAL | MSG_DONTWAIT); // it learns it from the connection's end too
        log_limited(LOG_LEVEL_WARN, "refused a second collector: pid=%d uid=%u", who.pid, who.uid);
        return;
    }
    if (epoll_watch(server, fd, EPOLLIN | EPOLLOUT | EPOLLET) < 0)
        return;
    server->peer_fd = fd_take(&fd);
    server->peer = who;
    server->peer_ticks = 0;
    selection_collector(server->selection, (uint32_t)who.pid);
}

// NULL, or how the one message that a collector may send was wrong.
static const char *hello_judge(const struct server *server, const struct message_hello *hello, ssize_t size, int flags)
{
    if (flags & MSG_CTRUNC)
        return "it sent file descriptors (closed unseen)";
    if (size != sizeof *hello || hello->kind != MESSAGE_HELLO || hello->magic != MESSAGE_MAGIC || hello->reserved)
        return "a message that is no hello";
    if (server->peer_greeted)
        return "a second hello";
    if (hello->abi_version != ABI_VERSION)
        return "another ABI version: install loader and collector from the same build";
    return NULL;
}

static void peer_read(struct server *server)
{
    struct message_hello hello;
    struct iovec part = {&hello, sizeof hello};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1}; // no room for fds: the kernel closes them
    ssize_t n = recvmsg(server->peer_fd, &header, MSG_DONTWAIT | MSG_TRUNC);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        peer_close(server, n ? strerror(errno) : "end of conversation");
        return;
    }
    const char *wrong = hello_judge(server, &hello, n, header.msg_flags);
    if (wrong)
        log_warn("the collector broke the protocol: %s pid=%d uid=%u", wrong, server->peer.pid, server->peer.uid);
    int r = wrong ? -EPROTO : hand_over(server->selection->probes, server->peer_fd);
    if (r) {
        peer_close(server, strerror(-r));
        return;
    }
    log_info("collector connected pid=%d uid=%u", server->peer.pid, server->peer.uid);
    server->peer_greeted = true;
    server->resolve_next = 0;
    sync_start(server);
}

static void timer_tick(struct server *server)
{
    struct probes *probes = server->selection->probes;
    uint64_t ticks;

    if (read(server->timer_fd, &ticks, sizeof ticks) < 0)
        return;
    if (server->watchdog_ticks && ++server->ticks % server->watchdog_ticks == 0)
        notify_send("WATCHDOG=1");
    bool tails = (int64_t)probes_counter(probes, COUNTER_TAILS_OPEN) > 0, skipped = probes_skipped(probes);
    if ((tails || skipped) && probes_walk(probes->walk_tails) < 0)
        log_limited(LOG_LEVEL_WARN, "cannot walk the open responses: %s", strerror(errno));
    if (server->peer_fd >= 0 && !server->peer_greeted && ++server->peer_ticks > HELLO_TICKS)
        peer_close(server, "it never said hello");
    uint64_t events_lost = probes_counter(probes, COUNTER_LOST_EVENT_RING);
    server->sync_again |= events_lost != server->events_lost;
    server->events_lost = events_lost;
    if (server->peer_greeted && server->sync_again && server->sync_fd < 0)
        sync_start(server);
}

static void server_dispatch(struct server *server, const struct epoll_event *event)
{
    int fd = event->data.fd;

    if (fd == ring_buffer__epoll_fd(server->events)) {
        ring_buffer__consume(server->events);
        if (server->walk)
            sockets_walk(server);
    } else if (fd == server->listen_fd) {
        peer_accept(server);
    } else if (fd == server->timer_fd) {
        timer_tick(server);
    } else if (fd == server->resolve->fd) {
        resolver_read(server);
    } else if (fd == server->peer_fd) {
        if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            peer_read(server);
        if (server->peer_greeted && server->sync_fd >= 0)
            sync_continue(server);
    }
}

struct server *serve_open(struct selection *selection, struct resolve *resolve, int listen_fd, int signal_fd)
{
    static struct server server; // large: not to be initialized in the program file
    uint64_t watchdog_ns = notify_watchdog_ns();
    struct timespec period = {0, watchdog_ns && watchdog_ns < TAILS_PERIOD_NS ? (long)watchdog_ns : TAILS_PERIOD_NS};

    server.peer_fd = server.sync_fd = -1;
    server.selection = selection;
    server.resolve = resolve;
    server.listen_fd = listen_fd;
    server.signal_fd = signal_fd;
    server.watchdog_ticks = watchdog_ns / (uint64_t)period.tv_nsec;
    server.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    server.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    server.events = ring_buffer__new(selection->probes->events_fd, event_handle, &server, NULL);
    bool made = server.events && timerfd_settime(server.timer_fd, 0, &(struct itimerspec){period, period}, NULL) == 0 &&
                epoll_watch(&server, ring_buffer__epoll_fd(server.events), EPOLLIN) == 0 &&
                epoll_watch(&server, listen_fd, EPOLLIN) == 0 && epoll_watch(&server, server.timer_fd, EPOLLIN) == 0 &&
                epoll_watch(&server, signal_fd, EPOLLIN) == 0 &&
                (resolve->fd < 0 || epoll_watch(&server, resolve->fd, EPOLLIN) == 0);
    if (!made)
        log_error("cannot prepare to serve: %s", strerror(errno));
    return made ? &server : NULL;
}

// SIGHUP, or the end: false.
static bool signal_handle(struct server *server)
{
    struct signalfd_siginfo info;

    if (read(server->signal_fd, &info, sizeof info) != sizeof info || info.ssi_signo != SIGHUP)
        return false;
    if (selection_reload(server->selection) == 0 && server->peer_greeted) {
        server->resolve_next = 0;
        sync_start(server); // who came to be observed, and who no longer is
    }
    return true;
}

int serve_run(struct server *server)
{
    struct epoll_event ready[8];

    for (;;) {
        int n = epoll_wait(server->epoll_fd, ready, array_size(ready), -1);
        if (n < 0 && errno != EINTR) {
            log_error("the serving loop failed: %s", strerror(errno));
            return -errno;
        }
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd != server->signal_fd)
                server_dispatch(server, &ready[i]);
            else if (!signal_handle(server))
                return 0;
        }
    }
}
