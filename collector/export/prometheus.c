// The HTTP side of /metrics, /healthz and /readyz; see prometheus.h. Whoever reaches the port is a stranger:
// libmicrohttpd parses the requests, with a cap on connections, on each connection's memory and on its silence;
// prometheus_limit.c ends those that take too long. Which format a page has is chosen by prometheus_accept.c.
//
// libmicrohttpd runs without threads: its epoll fd is one fd of our loop, its timeouts are one timer. One daemon per
// listening socket, because a daemon has only one.
#include "collector/export/prometheus.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <sys/epoll.h>
#include "collector/core/clock.h"
#include "collector/export/prometheus_accept.h"
#include "collector/export/prometheus_limit.h"
#include "collector/export/prometheus_listen.h"
#include "collector/export/prometheus_page.h"

#define CONNECTION_MEMORY    (16 << 10)
#define CONNECTION_TIMEOUT_S 10
#define LIMIT_PERIOD_NS      NS_PER_SEC
#define PATH_MAX_BYTES       256

#define TYPE_TEXT "text/plain; charset=utf-8"

struct listener {
    struct prometheus *prometheus;
    struct MHD_Daemon *daemon;
    int epoll_fd, timer, limit_timer; // -1: none
    struct prometheus_limit limit;
};

struct prometheus {
    struct loop *loop;
    struct exposition exposition;
    char path[PATH_MAX_BYTES], host_name[65];
    unsigned listener_count;
    struct listener listener[PROMETHEUS_LISTEN_MAX];
};

// The next bytes for libmicrohttpd's buffer.
static ssize_t page_read(void *context, uint64_t position, char *to, size_t room)
{
    ssize_t n = prometheus_page_read(context, to, room);
    if (n < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR; // the reader sees a page without its end
    return n ? n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void page_free(void *context)
{
    prometheus_page_free(context);
}

// Takes the response. header: one more, NULL if none.
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type, const char *header,
                              const char *value, struct MHD_Response *response)
{
    if (!response)
        return MHD_NO; // out of memory: the connection is closed
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (result == MHD_YES && header)
        result = MHD_add_response_header(response, header, value);
    if (result == MHD_YES)
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *allow,
                                   const char *text)
{
    char line[512];
    int n = snprintf(line, sizeof(line), "%s\n", text);
    size_t size = (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1;
    return answer(connection, status, TYPE_TEXT, allow ? MHD_HTTP_HEADER_ALLOW : NULL, allow,
                  MHD_create_response_from_buffer(size, line, MHD_RESPMEM_MUST_COPY));
}

static struct str header_value(struct MHD_Connection *connection, const char *name)
{
    return str_from(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

// A response of unknown length, which is sent in chunks. head: libmicrohttpd 0.9.75 sends their end even after a HEAD,
// but knows no chunks in its mode for HTTP/1.0.
static struct MHD_Response *page_response(struct prometheus_page *page, bool gzip, bool head)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PROMETHEUS_PIECE_BYTES, page_read, page, page_free);
    if (!response) {
        prometheus_page_free(page);
        return NULL;
    }
    if (gzip)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (head)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return response;
}

static enum MHD_Result answer_metrics(struct prometheus *prometheus, struct MHD_Connection *connection, bool head)
{
    const struct exposition *exposition = &prometheus->exposition;
    bool gzip = prometheus_accept_gzip(header_value(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    struct prometheus_choice choice;
    struct prometheus_page *page;
    prometheus_accept(header_value(connection, MHD_HTTP_HEADER_ACCEPT), &choice);
    if (exposition->refresh)
        exposition->refresh(exposition->context);
    if (exposition->asked)
        exposition->asked(exposition->context, choice.format);
    if (prometheus_page_new(&page, exposition, choice.format, gzip) < 0)
        return MHD_NO;
    return answer(connection, MHD_HTTP_OK, choice.content_type, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding",
                  page_response(page, gzip, head));
}

static enum MHD_Result answer_ready(struct prometheus *prometheus, struct MHD_Connection *connection)
{
    const struct exposition *exposition = &prometheus->exposition;
    const char *reason = exposition->not_ready ? exposition->not_ready(exposition->context) : NULL;
    return answer_text(connection, reason ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK, NULL,
                       reason ? reason : "ready");
}

static enum MHD_Result answer_path(struct prometheus *prometheus, struct MHD_Connection *connection, const char *path,
                                   bool get, bool head)
{
    bool metrics = strcmp(path, prometheus->path) == 0, health = strcmp(path, "/healthz") == 0;
    if (!metrics && !health && strcmp(path, "/readyz") != 0)
        return answer_text(connection, MHD_HTTP_NOT_FOUND, NULL, "not found");
    if (!get && !head)
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET, HEAD", "method not allowed");
    if (metrics)
        return answer_metrics(prometheus, connection, head);
    // That this is answered at all shows that the loop turns.
    return health ? answer_text(connection, MHD_HTTP_OK, NULL, "ok") : answer_ready(prometheus, connection);
}

// libmicrohttpd calls once with the head, then with each piece of a body, then with none. A body is never wanted: one
// of a GET is read and forgotten, any other request is answered at once, which ends its connection.
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *body, size_t *body_size, void **request_state)
{
    static char head_seen;
    bool get = strcmp(method, MHD_HTTP_METHOD_GET) == 0, head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if ((get || head) && !*request_state) {
        *request_state = &head_seen;
        return MHD_YES;
    }
    if ((get || head) && *body_size) {
        *body_size = 0;
        return MHD_YES;
    }
    return answer_path(context, connection, path, get, head);
}

static unsigned listener_connections(const struct listener *listener)
{
    return MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

static void listener_run(struct listener *listener)
{
    unsigned before = listener_connections(listener);
    MHD_run(listener->daemon);
    // A daemon at its limit looks at its listening socket again only when it runs the next time.
    if (before >= PROMETHEUS_CONNECTIONS_MAX &&
        listener_connections(listener) < PROMETHEUS_CONNECTIONS_MAX)
        MHD_run(listener->daemon);
    MHD_UNSIGNED_LONG_LONG ms;
    bool timed = MHD_get_timeout(listener->daemon, &ms) == MHD_YES;
    loop_timer_period(listener->prometheus->loop, listener->timer, timed ? ms * NS_PER_MS + 1 : 0);
}

static void listener_ready(void *context, uint32_t events)
{
    listener_run(context);
}

static void listener_timeout(void *context)
{
    listener_run(context);
}

static void listener_enforce(void *context)
{
    struct listener *listener = context;
    prometheus_limit_enforce(&listener->limit, clock_monotonic_ns());
}

// A connection begins or ends. The timer runs while there are any; others that come and go do not set it back.
static void connection_changed(void *context, struct MHD_Connection *connection, void **socket_context,
                               enum MHD_ConnectionNotificationCode code)
{
    struct listener *listener = context;
    struct loop *loop = listener->prometheus->loop;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        *socket_context = prometheus_limit_add(&listener->limit, fd, clock_monotonic_ns());
        if (*socket_context && listener->limit.count == 1)
            loop_timer_period(loop, listener->limit_timer, LIMIT_PERIOD_NS);
    } else if (*socket_context) {
        prometheus_limit_remove(&listener->limit, *socket_context);
        if (!listener->limit.count)
            loop_timer_period(loop, listener->limit_timer, 0);
    }
}

// An answer is sent: the time for the next one begins.
static void request_completed(void *context, struct MHD_Connection *connection, void **request_state,
                              enum MHD_RequestTerminationCode code)
{
    struct prometheus_limited *limited =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    if (limited)
        limited->since = clock_monotonic_ns();
}

static void listener_close(struct listener *listener)
{
    if (listener->epoll_fd >= 0)
        loop_fd_remove(listener->prometheus->loop, listener->epoll_fd);
    loop_timer_remove(listener->prometheus->loop, listener->timer);
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon); // closes the listening socket too, and every connection
    loop_timer_remove(listener->prometheus->loop, listener->limit_timer);
}

// Takes the fd.
static int listener_open(struct listener *listener, struct prometheus *prometheus, int fd)
{
    *listener = (struct listener){.prometheus = prometheus, .epoll_fd = -1, .timer = -1, .limit_timer = -1};
    listener->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, prometheus,                        //
                                        MHD_OPTION_LISTEN_SOCKET, fd,                                            //
                                        MHD_OPTION_CONNECTION_LIMIT, (unsigned)PROMETHEUS_CONNECTIONS_MAX,       //
                                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S,           //
                                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,           //
                                        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, listener,              //
                                        MHD_OPTION_NOTIFY_COMPLETED, request_completed, listener, MHD_OPTION_END);
    if (!listener->daemon)
        return -ENOMEM;
    listener->timer = loop_timer_add(prometheus->loop, 0, listener_timeout, listener);
    listener->limit_timer = loop_timer_add(prometheus->loop, 0, listener_enforce, listener);
    if (listener->timer < 0 || listener->limit_timer < 0)
        return -ENOSPC;
    int epoll_fd = MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    int error = loop_fd_add(prometheus->loop, epoll_fd, EPOLLIN, listener_ready, listener);
    if (!error)
        listener->epoll_fd = epoll_fd;
    return error;
}

static int prometheus_open(struct prometheus *prometheus, const char *address, uint16_t port)
{
    int fds[PROMETHEUS_LISTEN_MAX], error;
    unsigned count;
    error = prometheus_listen(address, port, fds, &count);
    for (unsigned i = 0; !error && i < count; i++) {
        error = listener_open(&prometheus->listener[i], prometheus, fds[i]);
        prometheus->listener_count++;
        for (unsigned rest = i + 1; error && rest < count; rest++)
            close(fds[rest]);
    }
    return error;
}

int prometheus_new(struct prometheus **ret_prometheus, struct loop *loop, const struct exposition *exposition,
                   const char *address, uint16_t port, const char *path)
{
    path = path ? path : "/metrics";
    if (path[0] != '/' || strlen(path) >= PATH_MAX_BYTES)
        return -EINVAL;
    struct prometheus *prometheus = calloc(1, sizeof(*prometheus));
    if (!prometheus)
        return -ENOMEM;
    prometheus->loop = loop;
    prometheus->exposition = *exposition;
    memcpy(prometheus->path, path, strlen(path));
    if (!exposition->host_name && gethostname(prometheus->host_name, sizeof(prometheus->host_name) - 1) == 0)
        prometheus->exposition.host_name = prometheus->host_name;
    int error = prometheus_open(prometheus, address, port);
    if (error) {
        prometheus_free(prometheus);
        return error;
    }
    *ret_prometheus = prometheus;
    return 0;
}

void prometheus_free(struct prometheus *prometheus)
{
    if (!prometheus)
        return;
    for (unsigned i = 0; i < prometheus->listener_count; i++)
        listener_close(&prometheus->listener[i]);
    free(prometheus);
}
