// See prometheus_listener.h.
//
// libmicrohttpd runs without threads: its epoll fd is one fd of our loop, its timeouts are one timer. One daemon per
// listening socket, because a daemon has only one.
#include "collector/export/prometheus_listener.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <sys/epoll.h>
#include "collector/core/clock.h"
#include "common/lib/log.h"

#define CONNECTION_MEMORY    (16 << 10)
#define CONNECTION_TIMEOUT_S 10
#define LIMIT_PERIOD_NS      (250 * NS_PER_MS)

static unsigned listener_connections(const struct prometheus_listener *listener)
{
    return MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

void prometheus_listener_run(struct prometheus_listener *listener)
{
    unsigned before = listener_connections(listener);
    MHD_run(listener->daemon);
    // A daemon at its limit looks at its listening socket again only when it runs the next time.
    if (before >= PROMETHEUS_CONNECTIONS_MAX && listener_connections(listener) < PROMETHEUS_CONNECTIONS_MAX)
        MHD_run(listener->daemon);
    MHD_UNSIGNED_LONG_LONG ms;
    bool timed = MHD_get_timeout(listener->daemon, &ms) == MHD_YES;
    loop_timer_period(listener->loop, listener->timer, timed ? ms * NS_PER_MS + 1 : 0);
}

static void listener_ready(void *context, uint32_t events)
{
    prometheus_listener_run(context);
}

static void listener_timeout(void *context)
{
    prometheus_listener_run(context);
}

static void listener_enforce(void *context)
{
    struct prometheus_listener *listener = context;
    prometheus_limit_enforce(&listener->limit, clock_monotonic_ns());
}

// A session that cannot be set up has no certificate to show and ends with its handshake.
static void session_begin(struct prometheus_listener *listener, struct MHD_Connection *connection, unsigned slot)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    web_refresh(listener->web, clock_monotonic_ns());
    if (!web_has_tls(listener->web))
        return;
    listener->tls[slot] = web_tls_ref(web_tls(listener->web));
    if (!info || !info->tls_session || web_tls_begin(listener->tls[slot], info->tls_session) < 0)
        log_limited(LOG_LEVEL_ERROR, "prometheus: a TLS session cannot be set up");
}

static void connection_begin(struct prometheus_listener *listener, struct MHD_Connection *connection,
                             struct prometheus_limited **ret_limited)
{
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    struct prometheus_limited *limited = prometheus_limit_add(&listener->limit, fd, clock_monotonic_ns());
    if (limited && listener->limit.count == 1)
        loop_timer_period(listener->loop, listener->limit_timer, LIMIT_PERIOD_NS);
    if (limited && listener->web)
        session_begin(listener, connection, (unsigned)(limited - listener->limit.connection));
    *ret_limited = limited;
}

static void connection_end(struct prometheus_listener *listener, struct prometheus_limited *limited)
{
    struct web_tls **tls = &listener->tls[limited - listener->limit.connection];
    web_tls_unref(*tls);
    *tls = NULL;
    prometheus_limit_remove(&listener->limit, limited);
    if (!listener->limit.count)
        loop_timer_period(listener->loop, listener->limit_timer, 0);
}

// A connection begins or ends. The limit's timer runs while there are any; others that come and go do not set it back.
static void connection_changed(void *context, struct MHD_Connection *connection, void **socket_context,
                               enum MHD_ConnectionNotificationCode code)
{
    struct prometheus_listener *listener = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        connection_begin(listener, connection, (struct prometheus_limited **)socket_context);
    else if (*socket_context)
        connection_end(listener, *socket_context);
}

static struct prometheus_limited *limited_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

void prometheus_listener_asked(struct MHD_Connection *connection)
{
    struct prometheus_limited *limited = limited_of(connection);
    if (limited)
        limited->asked = true;
}

// An answer is sent: the time for the next one begins. What `handle` kept of the request is one block.
static void request_completed(void *context, struct MHD_Connection *connection, void **request_state,
                              enum MHD_RequestTerminationCode code)
{
    struct prometheus_limited *limited = limited_of(connection);
    if (limited) {
        limited->since = clock_monotonic_ns();
        limited->asked = false;
    }
    free(*request_state);
    *request_state = NULL;
}

void prometheus_listener_close(struct prometheus_listener *listener)
{
    if (listener->epoll_fd >= 0)
        loop_fd_remove(listener->loop, listener->epoll_fd);
    loop_timer_remove(listener->loop, listener->timer);
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon); // closes the listening socket too, and every connection
    loop_timer_remove(listener->loop, listener->limit_timer);
}

// Its sessions get their certificates as they begin (session_begin): the daemon itself has none.
static int certificate_none(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                            const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **pcert,
                            unsigned int *pcert_count, gnutls_privkey_t *key)
{
    return -1;
}

static struct MHD_Daemon *daemon_start(struct prometheus_listener *listener, int fd, MHD_AccessHandlerCallback handle,
                                       void *context)
{
    const struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)certificate_none},
                                         {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem *none = tls + 1;
    bool has_tls = listener->web && web_has_tls(listener->web);
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (has_tls ? MHD_USE_TLS : 0);
    return MHD_start_daemon(flags, 0, NULL, NULL, handle, context,                             //
                            MHD_OPTION_LISTEN_SOCKET, fd,                                      //
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)PROMETHEUS_CONNECTIONS_MAX, //
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,     //
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,     //
                            MHD_OPTION_NOTIFY_CONNECTION, connection_changed, listener,        //
                            MHD_OPTION_NOTIFY_COMPLETED, request_completed, listener,          //
                            MHD_OPTION_ARRAY, has_tls ? tls : none, MHD_OPTION_END);
}

int prometheus_listener_open(struct prometheus_listener *listener, struct loop *loop, int fd, struct web *web,
                             MHD_AccessHandlerCallback handle, void *context)
{
    *listener = (struct prometheus_listener){.loop = loop, .web = web, .epoll_fd = -1, .timer = -1, .limit_timer = -1};
    listener->daemon = daemon_start(listener, fd, handle, context);
    if (!listener->daemon)
        return -ENOMEM;
    listener->timer = loop_timer_add(loop, 0, listener_timeout, listener);
    listener->limit_timer = loop_timer_add(loop, 0, listener_enforce, listener);
    if (listener->timer < 0 || listener->limit_timer < 0)
        return -ENOSPC;
    int epoll_fd = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    int error = loop_fd_add(loop, epoll_fd, EPOLLIN, listener_ready, listener);
    if (!error)
        listener->epoll_fd = epoll_fd;
    return error;
}
