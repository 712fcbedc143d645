// The conversation with the loader; see session.h.
#include "collector/intake/session.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "collector/core/clock.h"
#include "common/lib/log.h"

#define CONNECT_RETRY_NS    (100 * NS_PER_MS)
#define CONNECT_EAGER_NS    (10 * NS_PER_MS) // both programs are started at once: the loader is about to be there
#define CONNECT_EAGER_TRIES 200
#define CONNECT_REFUSED_NS  NS_PER_SEC        // after a violation
#define ANSWER_NS           (10 * NS_PER_SEC) // from our hello to ready; a loader that is loading yet answers late
#define MESSAGES_PER_TURN   256               // then the rings get their turn again
#define FDS_MAX             4                 // that a message may bring before it is cut off; one is meant

struct session {
    struct loop *loop;
    struct session_receiver receiver;
    struct self *self;
    struct dispatch dispatch;
    struct sockaddr_un address;
    int fd, timer;
    unsigned tries;
    bool said_waiting;
};

static void session_close(struct session *session, uint64_t retry_ns)
{
    if (session->fd < 0)
        return;
    loop_fd_remove(session->loop, session->fd);
    cleanup_fd_close(&session->fd);
    session->receiver.ended(session->receiver.messages.context);
    loop_timer_period(session->loop, session->timer, retry_ns);
}

void session_refuse(struct session *session, const char *why)
{
    session->self->unparsed[SELF_UNPARSED_BAD_MESSAGE]++;
    log_limited(LOG_LEVEL_WARN, "ended the conversation with the loader: %s; connecting again", why);
    session_close(session, CONNECT_REFUSED_NS);
}

static void session_end(struct session *session, const char *why)
{
    log_limited(LOG_LEVEL_WARN, "the conversation with the loader ended: %s; connecting again", why);
    session_close(session, CONNECT_RETRY_NS);
}

// One message, and the fd that came with it (-1 if none). >0 size, 0 end, -EMSGSIZE: longer, or with more fds, than
// any; -errno.
static ssize_t message_receive(int fd, void *message, size_t size, int *ret_fd)
{
    union {
        char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {message, size};
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    *ret_fd = -1;
    bool too_many = false;
    if (n < 0)
        return -errno;
    for (struct cmsghdr *at = CMSG_FIRSTHDR(&header); at; at = CMSG_NXTHDR(&header, at)) {
        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        int fds[FDS_MAX];
        size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(at), count * sizeof(int));
        for (size_t i = 0; i < count; i++) {
            if (*ret_fd < 0) {
                *ret_fd = fds[i];
            } else {
                close(fds[i]);
                too_many = true;
            }
        }
    }
    return too_many || header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EMSGSIZE : n;
}

static void message_refuse(struct session *session, int error)
{
    if (error == -EBADMSG || error == -EMSGSIZE)
        session_refuse(session, "a message that is not of this version");
    else if (error == -EBADF || error == -EPROTOTYPE)
        session_refuse(session, "an fd that is not the map it was said to be");
    else if (error == -EBUSY)
        session_end(session, "another collector is connected to this loader; stop it first");
    else
        session_refuse(session, strerror(-error));
}

static void session_readable(void *context, uint32_t events)
{
    struct session *session = context;
    union {
        struct message_process largest;
        char bytes[512];
    } message;

    for (int i = 0; i < MESSAGES_PER_TURN; i++) {
        cleanup_fd int fd = -1;
        ssize_t n = message_receive(session->fd, &message, sizeof message, &fd);
        if (n == -EAGAIN || n == -EINTR)
            return;
        if (n == 0 || n == -ECONNRESET) {
            session_end(session, "the loader closed it");
            return;
        }
        int r = n < 0 ? (int)n
                      : dispatch_message(&session->dispatch, &session->receiver.messages, &message, (size_t)n, &fd);
        if (r < 0) {
            message_refuse(session, r);
            return;
        }
    }
}

static int session_connect(struct session *session)
{
    struct message_hello hello = {MESSAGE_HELLO, MESSAGE_MAGIC, ABI_VERSION, 0};
    cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&session->address, sizeof session->address) < 0 ||
        send(fd, &hello, sizeof hello, MSG_NOSIGNAL) < 0)
        return -errno;
    int r = loop_fd_add(session->loop, fd, EPOLLIN, session_readable, session);
    if (r < 0)
        return r;
    session->fd = fd_take(&fd);
    session->dispatch = (struct dispatch){.ready = false};
    return 0;
}

// The timer's turn: connect, or give up on who does not answer.
static void session_retry(void *context)
{
    struct session *session = context;
    if (session->fd >= 0) {
        if (session->dispatch.ready)
            loop_timer_period(session->loop, session->timer, 0);
        else
            session_refuse(session, "no answer to our hello");
        return;
    }
    int r = session_connect(session);

    if (r < 0 && !session->said_waiting && r != -ENOENT && r != -ECONNREFUSED) {
        log_warn("cannot reach the loader at %s: %s; trying again", session->address.sun_path, strerror(-r));
        session->said_waiting = true;
    }
    if (r == 0) {
        session->said_waiting = false;
        loop_timer_period(session->loop, session->timer, ANSWER_NS);
    } else if (++session->tries >= CONNECT_EAGER_TRIES) {
        loop_timer_period(session->loop, session->timer, CONNECT_RETRY_NS);
    }
}

int session_new(struct session **ret_session, struct loop *loop, const char *socket_path,
                const struct session_receiver *receiver, struct self *self)
{
    size_t n = strlen(socket_path);
    if (n >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return -ENAMETOOLONG;
    cleanup_free struct session *session = calloc(1, sizeof *session);
    if (!session)
        return -ENOMEM;
    session->loop = loop;
    session->receiver = *receiver;
    session->self = self;
    session->fd = -1;
    session->address.sun_family = AF_UNIX;
    memcpy(session->address.sun_path, socket_path, n + 1);
    int r = loop_timer_add(loop, CONNECT_EAGER_NS, session_retry, session);
    if (r < 0)
        return r;
    session->timer = r;
    *ret_session = session;
    session = NULL;
    return 0;
}

void session_free(struct session *session)
{
    if (!session)
        return;
    loop_timer_period(session->loop, session->timer, 0);
    if (session->fd >= 0)
        loop_fd_remove(session->loop, session->fd);
    cleanup_fd_close(&session->fd);
    free(session);
}

bool session_connected(const struct session *session)
{
    return session->fd >= 0;
}

uint32_t session_peer(const struct session *session)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (session->fd < 0 || getsockopt(session->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.pid < 0)
        return 0;
    return (uint32_t)peer.pid;
}
