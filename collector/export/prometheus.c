// The HTTP side of /metrics, /healthz and /readyz; see prometheus.h. Whoever reaches the port is a stranger:
// libmicrohttpd parses the requests, with a cap on connections, on each connection's memory and on its silence; pages
// being sent are capped together. The format of a page is in prometheus_text.c (OpenMetrics and others will stand
// beside it and be chosen here by the Accept header).
//
// libmicrohttpd runs without threads: its epoll fd is one fd of our loop, its timeouts are one timer. One daemon per
// listening socket, because a daemon has only one.
#include "collector/export/prometheus.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <sys/epoll.h>
#include "collector/core/clock.h"
#include "collector/export/prometheus_format.h"
#include "collector/export/prometheus_listen.h"

#define CONNECTIONS_MAX      64
#define CONNECTION_MEMORY    (16 << 10)
#define CONNECTION_TIMEOUT_S 10
#define PAGES_BYTES_MAX      (64 << 20) // of all pages on their way to slow readers; 1,000 series take some 20 MiB
#define PATH_MAX_BYTES       256

#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"
#define TYPE_TEXT    "text/plain; charset=utf-8"

struct listener {
    struct prometheus *prometheus;
    struct MHD_Daemon *daemon;
    int epoll_fd, timer; // -1: none
};

struct prometheus {
    struct loop *loop;
    struct exposition exposition;
    char path[PATH_MAX_BYTES], host_name[65];
    size_t pages_bytes;
    unsigned listener_count;
    struct listener listener[PROMETHEUS_LISTEN_MAX];
};

// A page belongs to its response, which lives until the last byte is sent or the connection is gone.
struct page {
    struct prometheus *prometheus;
    struct buffer bytes;
};

static void page_free(void *context)
{
    struct page *page = context;
    page->prometheus->pages_bytes -= page->bytes.room;
    buffer_release(&page->bytes);
    free(page);
}

// NULL if memory, or what of it is left for pages, does not suffice.
static struct page *page_new(struct prometheus *prometheus)
{
    struct page *page = calloc(1, sizeof(*page));
    if (!page)
        return NULL;
    page->prometheus = prometheus;
    buffer_init(&page->bytes, PAGES_BYTES_MAX - prometheus->pages_bytes);
    if (prometheus->exposition.refresh)
        prometheus->exposition.refresh(prometheus->exposition.context);
    prometheus_format(&page->bytes, &prometheus->exposition);
    if (page->bytes.failed) {
        buffer_release(&page->bytes);
        free(page);
        return NULL;
    }
    buffer_trim(&page->bytes);
    prometheus->pages_bytes += page->bytes.room;
    return page;
}

// Takes the response. allow: value of an Allow header or NULL.
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type, const char *allow,
                              struct MHD_Response *response)
{
    if (!response)
        return MHD_NO; // out of memory: the connection is closed
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (result == MHD_YES && allow)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
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
    return answer(connection, status, TYPE_TEXT, allow,
                  MHD_create_response_from_buffer(size, line, MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result answer_metrics(struct prometheus *prometheus, struct MHD_Connection *connection)
{
    struct page *page = page_new(prometheus);
    if (!page)
        return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, "too many pages are on their way");
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls(page->bytes.n, page->bytes.p, page_free, page);
    if (!response)
        page_free(page);
    return answer(connection, MHD_HTTP_OK, TYPE_METRICS, NULL, response);
}

static enum MHD_Result answer_ready(struct prometheus *prometheus, struct MHD_Connection *connection)
{
    const struct exposition *exposition = &prometheus->exposition;
    const char *reason = exposition->not_ready ? exposition->not_ready(exposition->context) : NULL;
    return answer_text(connection, reason ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK, NULL,
                       reason ? reason : "ready");
}

static enum MHD_Result answer_path(struct prometheus *prometheus, struct MHD_Connection *connection, const char *path,
                                   bool reads)
{
    bool metrics = strcmp(path, prometheus->path) == 0, health = strcmp(path, "/healthz") == 0;
    if (!metrics && !health && strcmp(path, "/readyz") != 0)
        return answer_text(connection, MHD_HTTP_NOT_FOUND, NULL, "not found");
    if (!reads)
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET, HEAD", "method not allowed");
    if (metrics)
        return answer_metrics(prometheus, connection);
    // That this is answered at all shows that the loop turns.
    return health ? answer_text(connection, MHD_HTTP_OK, NULL, "ok") : answer_ready(prometheus, connection);
}

// libmicrohttpd calls once with the head, then with each piece of a body, then with none. A body is never wanted: one
// of a GET is read and forgotten, any other request is answered at once, which ends its connection.
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *body, size_t *body_size, void **request_state)
{
    static char head_seen;
    bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (reads && !*request_state) {
        *request_state = &head_seen;
        return MHD_YES;
    }
    if (reads && *body_size) {
        *body_size = 0;
        return MHD_YES;
    }
    return answer_path(context, connection, path, reads);
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
    if (before >= CONNECTIONS_MAX && listener_connections(listener) < CONNECTIONS_MAX)
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

static void listener_close(struct listener *listener)
{
    if (listener->epoll_fd >= 0)
        loop_fd_remove(listener->prometheus->loop, listener->epoll_fd);
    loop_timer_remove(listener->prometheus->loop, listener->timer);
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon); // closes the listening socket too
}

// Takes the fd.
static int listener_open(struct listener *listener, struct prometheus *prometheus, int fd)
{
    *listener = (struct listener){.prometheus = prometheus, .epoll_fd = -1, .timer = -1};
    listener->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, prometheus,              //
                                        MHD_OPTION_LISTEN_SOCKET, fd,                                  //
                                        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,        //
                                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_TIMEOUT_S, //
                                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, //
                                        MHD_OPTION_END);
    if (!listener->daemon)
        return -ENOMEM;
    listener->timer = loop_timer_add(prometheus->loop, 0, listener_timeout, listener);
    if (listener->timer < 0)
        return listener->timer;
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
