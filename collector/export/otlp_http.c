// libcurl on our loop; see otlp_http.h and CURLMOPT_SOCKETFUNCTION(3), CURLMOPT_TIMERFUNCTION(3).
#include "collector/export/otlp_http.h"

#include <errno.h>
#include <sys/epoll.h>
#include "collector/core/clock.h"
#include "collector/export/otlp_settings.h"

#define STREAMS_MAX     (OTLP_DESTINATIONS_MAX * SELF_SIGNAL_MAX)
#define WATCHES_MAX     (STREAMS_MAX * 4) // connections, name look-ups, and as many again while old ones close
#define CONNECTIONS_MAX (STREAMS_MAX * 2L)

// A socket that libcurl waits for.
struct watch {
    struct otlp_http *http; // NULL: free
    curl_socket_t fd;
};

struct otlp_http {
    struct loop *loop;
    CURLM *multi;
    int timer;
    struct watch watch[WATCHES_MAX];
};

// Hands finished transfers back.
static void finished_collect(struct otlp_http *http)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left))) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result; // the message does not outlive the removal
        struct otlp_transfer *transfer = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
        curl_multi_remove_handle(http->multi, easy);
        transfer->done(transfer, result);
    }
}

static void socket_ready(void *context, uint32_t events)
{
    struct watch watch = *(struct watch *)context; // libcurl may drop the socket meanwhile
    int flags = (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    int running;
    curl_multi_socket_action(watch.http->multi, watch.fd, flags, &running);
    finished_collect(watch.http);
}

static int socket_watch(struct otlp_http *http, curl_socket_t fd, uint32_t events)
{
    for (unsigned i = 0; i < WATCHES_MAX; i++) {
        struct watch *watch = &http->watch[i];
        if (watch->http)
            continue;
        int error = loop_fd_add(http->loop, fd, events, socket_ready, watch);
        if (error)
            return error;
        *watch = (struct watch){http, fd};
        curl_multi_assign(http->multi, fd, watch);
        return 0;
    }
    return -ENOSPC;
}

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
    struct otlp_http *http = context;
    struct watch *watch = assigned;
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    int error = 0;
    if (what != CURL_POLL_REMOVE)
        error = watch ? loop_fd_change(http->loop, fd, events) : socket_watch(http, fd, events);
    else if (watch) {
        loop_fd_remove(http->loop, fd);
        watch->http = NULL;
    }
    return error ? -1 : 0; // -1 fails the transfers; they are tried again
}

static void time_passed(void *context)
{
    struct otlp_http *http = context;
    int running;
    loop_timer_period(http->loop, http->timer, 0); // once; libcurl sets the next one in socket_action
    curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finished_collect(http);
}

static int time_changed(CURLM *multi, long timeout_ms, void *context)
{
    struct otlp_http *http = context;
    uint64_t period_ns = timeout_ms > 0 ? (uint64_t)timeout_ms * NS_PER_MS : timeout_ms == 0 ? 1 : 0;
    loop_timer_period(http->loop, http->timer, period_ns);
    return 0;
}

int otlp_http_new(struct otlp_http **ret_http, struct loop *loop)
{
    struct otlp_http *http = calloc(1, sizeof(*http));
    if (!http)
        return -ENOMEM;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(http);
        return -ENOMEM;
    }
    http->loop = loop;
    http->multi = curl_multi_init();
    http->timer = loop_timer_add(loop, 0, time_passed, http);
    if (!http->multi || http->timer < 0) {
        int error = http->multi ? http->timer : -ENOMEM;
        otlp_http_free(http);
        return error;
    }
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, time_changed);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    // A connection of its own for each transfer: one that is slow holds up no other.
    curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
    *ret_http = http;
    return 0;
}

void otlp_http_free(struct otlp_http *http)
{
    if (!http)
        return;
    curl_multi_cleanup(http->multi);
    for (unsigned i = 0; i < WATCHES_MAX; i++)
        if (http->watch[i].http)
            loop_fd_remove(http->loop, http->watch[i].fd);
    loop_timer_remove(http->loop, http->timer);
    free(http);
    curl_global_cleanup();
}

int otlp_http_start(struct otlp_http *http, CURL *easy)
{
    return curl_multi_add_handle(http->multi, easy) == CURLM_OK ? 0 : -EIO;
}

void otlp_http_stop(struct otlp_http *http, CURL *easy)
{
    curl_multi_remove_handle(http->multi, easy);
}
