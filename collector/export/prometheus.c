// What /metrics, /healthz and /readyz answer; see prometheus.h. Whoever reaches the port is a stranger: what he may
// cost is bounded by prometheus_listener.c, who he is asked by web_auth.c. Which format a page has is chosen by
// prometheus_accept.c.
#include "collector/export/prometheus.h"

#include <errno.h>
#include <stdio.h>
#include "collector/core/clock.h"
#include "collector/export/prometheus_accept.h"
#include "collector/export/prometheus_listen.h"
#include "collector/export/prometheus_listener.h"
#include "collector/export/prometheus_page.h"
#include "collector/export/web_auth.h"
#include "common/lib/log.h"
#include "collector/span/own_traffic.h"

#define PATH_MAX_BYTES 256

#define TYPE_TEXT "text/plain; charset=utf-8"

struct prometheus {
    struct loop *loop;
    struct exposition exposition;
    char path[PATH_MAX_BYTES], host_name[65];
    struct web *web; // NULL: everybody may read
    struct web_auth *auth;
    unsigned listener_count;
    struct prometheus_listener listener[PROMETHEUS_LISTEN_MAX];
};

// A request from its head to its answer; libmicrohttpd keeps it, prometheus_listener.c frees it.
struct request {
    struct MHD_Connection *connection;
    struct prometheus *prometheus;
    bool limited; // beyond web.yml's rate
    bool judged;  // the password's verdict is there
    enum web_verdict verdict;
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
static enum MHD_Result answer(const struct request *request, unsigned status, const char *type, const char *header,
                              const char *value, struct MHD_Response *response)
{
    const struct web_config *web = request->prometheus->web ? web_config(request->prometheus->web) : NULL;
    if (!response)
        return MHD_NO; // out of memory: the connection is closed
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (result == MHD_YES && header)
        result = MHD_add_response_header(response, header, value);
    for (unsigned i = 0; web && i < web->header_count && result == MHD_YES; i++)
        result = MHD_add_response_header(response, web->header[i].name, web->header[i].value);
    if (result == MHD_YES)
        result = MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_text(const struct request *request, unsigned status, const char *header,
                                   const char *value, const char *text)
{
    char line[512];
    int n = snprintf(line, sizeof(line), "%s\n", text);
    size_t size = (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1;
    return answer(request, status, TYPE_TEXT, header, value,
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

static enum MHD_Result answer_metrics(const struct request *request, bool head)
{
    struct prometheus *prometheus = request->prometheus;
    struct MHD_Connection *connection = request->connection;
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
    return answer(request, MHD_HTTP_OK, choice.content_type, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding",
                  page_response(page, gzip, head));
}

static enum MHD_Result answer_ready(const struct request *request)
{
    const struct exposition *exposition = &request->prometheus->exposition;
    const char *reason = exposition->not_ready ? exposition->not_ready(exposition->context) : NULL;
    return answer_text(request, reason ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK, NULL, NULL,
                       reason ? reason : "ready");
}

static enum MHD_Result answer_path(const struct request *request, const char *path, bool get, bool head)
{
    bool metrics = strcmp(path, request->prometheus->path) == 0, health = strcmp(path, "/healthz") == 0;
    if (!metrics && !health && strcmp(path, "/readyz") != 0)
        return answer_text(request, MHD_HTTP_NOT_FOUND, NULL, NULL, "not found");
    if (!get && !head)
        return answer_text(request, MHD_HTTP_METHOD_NOT_ALLOWED, MHD_HTTP_HEADER_ALLOW, "GET, HEAD",
                           "method not allowed");
    if (metrics)
        return answer_metrics(request, head);
    // That this is answered at all shows that the loop turns.
    return health ? answer_text(request, MHD_HTTP_OK, NULL, NULL, "ok") : answer_ready(request);
}

// Who asks? WEB_PENDING: the request is suspended and comes back when that is known.
static enum web_verdict request_judge(struct request *request)
{
    struct prometheus *prometheus = request->prometheus;
    const struct web_config *config = prometheus->web ? web_config(prometheus->web) : NULL;
    if (!config || !config->user_count)
        return WEB_GRANTED;
    if (request->judged)
        return request->verdict;
    char *password = NULL, *user = MHD_basic_auth_get_username_password(request->connection, &password);
    enum web_verdict verdict = WEB_DENIED;
    if (user && password)
        verdict = web_auth_ask(prometheus->auth, user, web_hash(prometheus->web, user), config->user[0].hash, password,
                               request);
    if (password)
        explicit_bzero(password, strlen(password));
    MHD_free(user);
    MHD_free(password);
    if (verdict == WEB_PENDING)
        MHD_suspend_connection(request->connection);
    return verdict;
}

// The verdict of a request that is suspended: it is handled once more.
static void request_judged(void *waiter, enum web_verdict verdict)
{
    struct request *request = waiter;
    struct prometheus *prometheus = request->prometheus;
    request->judged = true;
    request->verdict = verdict;
    MHD_resume_connection(request->connection);
    for (unsigned i = 0; i < prometheus->listener_count; i++)
        prometheus_listener_run(&prometheus->listener[i]);
}

static enum MHD_Result request_answer(struct request *request, const char *path, bool get, bool head)
{
    if (request->limited)
        return answer_text(request, MHD_HTTP_TOO_MANY_REQUESTS, NULL, NULL, "too many requests");
    switch (request_judge(request)) {
    case WEB_PENDING:
        return MHD_YES;
    case WEB_GRANTED:
        return answer_path(request, path, get, head);
    case WEB_BUSY:
        return answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, MHD_HTTP_HEADER_RETRY_AFTER, "1",
                           "too many passwords to check");
    case WEB_DENIED:
        break;
    }
    log_limited(LOG_LEVEL_WARN, "prometheus: refused a request: no user of web.yml, or a wrong password");
    return answer_text(request, MHD_HTTP_UNAUTHORIZED, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic realm=\"redstart\"",
                       "unauthorized");
}

static struct request *request_new(struct prometheus *prometheus, struct MHD_Connection *connection)
{
    struct request *request = calloc(1, sizeof(*request));
    if (!request)
        return NULL;
    request->connection = connection;
    request->prometheus = prometheus;
    if (prometheus->web) {
        uint64_t now = clock_monotonic_ns();
        web_refresh(prometheus->web, now);
        request->limited = !web_rate_pass(prometheus->web, now);
    }
    return request;
}

// libmicrohttpd calls once with the head, then with each piece of a body, then with none. A body is never wanted: one
// of a GET, or of anybody who must say who he is, is read and forgotten, any other request is answered at once, which
// ends its connection.
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *body, size_t *body_size, void **request_state)
{
    struct prometheus *prometheus = context;
    bool get = strcmp(method, MHD_HTTP_METHOD_GET) == 0, head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    bool reads = get || head || prometheus->web;
    if (!*request_state) {
        prometheus_listener_asked(connection);
        *request_state = request_new(prometheus, connection);
        own_traffic_note_accepted(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
                                  clock_monotonic_ns());
        if (!*request_state || reads)
            return *request_state ? MHD_YES : MHD_NO;
    }
    if (reads && *body_size) {
        *body_size = 0;
        return MHD_YES;
    }
    return request_answer(*request_state, path, get, head);
}

static int prometheus_open(struct prometheus *prometheus, const char *address, uint16_t port)
{
    int fds[PROMETHEUS_LISTEN_MAX], error;
    unsigned count;
    error = prometheus_listen(address, port, fds, &count);
    for (unsigned i = 0; !error && i < count; i++) {
        error = prometheus_listener_open(&prometheus->listener[i], prometheus->loop, fds[i], prometheus->web, handle,
                                         prometheus);
        prometheus->listener_count++;
        for (unsigned rest = i + 1; error && rest < count; rest++)
            close(fds[rest]);
    }
    return error;
}

int prometheus_new(struct prometheus **ret_prometheus, struct loop *loop, const struct exposition *exposition,
                   const char *address, uint16_t port, const char *path, struct web *web)
{
    path = path ? path : "/metrics";
    bool path_valid = path[0] == '/' && strlen(path) < PATH_MAX_BYTES;
    struct prometheus *prometheus = path_valid ? calloc(1, sizeof(*prometheus)) : NULL;
    if (!prometheus) {
        web_free(web);
        return path_valid ? -ENOMEM : -EINVAL;
    }
    prometheus->loop = loop;
    prometheus->web = web;
    prometheus->exposition = *exposition;
    memcpy(prometheus->path, path, strlen(path));
    if (!exposition->host_name && gethostname(prometheus->host_name, sizeof(prometheus->host_name) - 1) == 0)
        prometheus->exposition.host_name = prometheus->host_name;
    int error = web ? web_auth_new(&prometheus->auth, loop, request_judged) : 0;
    if (!error)
        error = prometheus_open(prometheus, address, port);
    if (error) {
        prometheus_free(prometheus);
        return error;
    }
    *ret_prometheus = prometheus;
    return 0;
}

void prometheus_files(const struct prometheus *prometheus, const char *ret_files[WEB_FILES_MAX + 1])
{
    ret_files[0] = NULL;
    if (prometheus->web)
        web_files(prometheus->web, ret_files);
}

void prometheus_free(struct prometheus *prometheus)
{
    if (!prometheus)
        return;
    web_auth_free(prometheus->auth); // resumes who waits
    for (unsigned i = 0; i < prometheus->listener_count; i++)
        prometheus_listener_close(&prometheus->listener[i]);
    web_free(prometheus->web);
    free(prometheus);
}
