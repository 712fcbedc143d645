// From an endpoint's settings to libcurl and back; see otlp_request.h.
#include "collector/export/otlp_request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "collector/core/clock.h"
#include "collector/export/otlp_refusal.h"
#include "collector/span/own_traffic.h"

#define ANSWER_MAX  (4 << 20)  // a longer answer is a refusal (OTLP 1.11)
#define ANSWER_KEPT (64 << 10) // enough for a partial success; the rest is counted and thrown away

static size_t answer_take(char *bytes, size_t size, size_t n, void *context)
{
    struct otlp_request *request = context;
    size_t room = ANSWER_KEPT - request->answer.n;
    request->answer_bytes += n;
    if (request->answer_bytes > ANSWER_MAX)
        return 0;
    buffer_add(&request->answer, bytes, n < room ? n : room);
    return n;
}

static size_t header_take(char *bytes, size_t size, size_t n, void *context)
{
    struct otlp_request *request = context;
    otlp_grpc_header(&request->grpc, (struct str){bytes, n});
    return n;
}

// Prefix, then body.
static size_t body_give(char *to, size_t size, size_t n, void *context)
{
    struct otlp_request *request = context;
    struct str part = {(const char *)request->prefix, request->prefix_n};
    size_t from = request->sent;
    if (from >= request->prefix_n) {
        part = request->body;
        from -= request->prefix_n;
    }
    size_t left = part.n - from, given = left < size * n ? left : size * n;
    memcpy(to, part.p + from, given);
    request->sent += given;
    return given;
}

// libcurl goes back to the start when a connection that it reused turns out to be dead.
static int body_seek(void *context, curl_off_t offset, int origin)
{
    struct otlp_request *request = context;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > request->prefix_n + request->body.n)
        return CURL_SEEKFUNC_FAIL;
    request->sent = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static bool header_add(struct otlp_request *request, const char *line)
{
    struct curl_slist *longer = curl_slist_append(request->headers, line);
    if (longer)
        request->headers = longer;
    return longer;
}

// At most 8 digits (gRPC): seconds instead of milliseconds beyond 27 hours.
static bool header_add_timeout(struct otlp_request *request, uint64_t timeout_ns)
{
    char line[48];
    uint64_t ms = (timeout_ns + NS_PER_MS - 1) / NS_PER_MS;
    bool seconds = ms > 99999999;
    snprintf(line, sizeof(line), "grpc-timeout: %llu%s", (unsigned long long)(seconds ? ms / 1000 : ms),
             seconds ? "S" : "m");
    return header_add(request, line);
}

static bool headers_build(struct otlp_request *request)
{
    const struct otlp_endpoint *endpoint = request->endpoint;
    bool grpc = endpoint->protocol == OTLP_PROTOCOL_GRPC;
    bool built = header_add(request, "Expect:") &&
                 header_add(request, grpc ? "content-type: application/grpc" : "Content-Type: application/x-protobuf");
    if (grpc)
        built = built && header_add(request, "te: trailers");
    if (grpc && endpoint->timeout_ns)
        built = built && header_add_timeout(request, endpoint->timeout_ns);
    if (endpoint->gzip)
        built = built && header_add(request, grpc ? "grpc-encoding: gzip" : "Content-Encoding: gzip");
    for (const char *const *line = endpoint->headers; *line; line++)
        built = built && header_add(request, *line);
    return built;
}

// libcurl 7.88 begins HTTP/2 anew on a plain connection that it reuses, and fails (curl's pull request 10643, in 8.0).
static bool reuse_broken(void)
{
    return curl_version_info(CURLVERSION_NOW)->version_num >> 8 == 0x0758;
}

// HTTP/2 at once over plain TCP, as gRPC wants it; over TLS by ALPN.
static void protocol_setup(CURL *easy, const struct otlp_endpoint *endpoint)
{
    bool tls = strncasecmp(endpoint->url, "https:", 6) == 0;
    if (endpoint->protocol != OTLP_PROTOCOL_GRPC)
        return;
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, (long)(!tls && reuse_broken()));
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L); // a proxy that reads HTTP/1 has no business in it
}

static void tls_setup(CURL *easy, const struct otlp_endpoint *endpoint)
{
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L); // a resumed session would outlive a changed certificate
    if (endpoint->tls_file[OTLP_TLS_CA])
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); // that authority instead of the system's, not beside them
}

// Before each request, on a new connection or an old one.
static int request_begins(void *context, char *server, char *client, int server_port, int client_port)
{
    own_traffic_note(client, (uint16_t)client_port, server, (uint16_t)server_port, clock_monotonic_ns());
    return CURL_PREREQFUNC_OK;
}

static void easy_setup(struct otlp_request *request)
{
    const struct otlp_endpoint *endpoint = request->endpoint;
    long timeout_ms = (long)((endpoint->timeout_ns + NS_PER_MS - 1) / NS_PER_MS);
    CURL *easy = request->easy;
    curl_easy_setopt(easy, CURLOPT_URL, endpoint->url);
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, endpoint->unix_path);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, request_begins);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, body_give);
    curl_easy_setopt(easy, CURLOPT_READDATA, request);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, body_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, request);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "redstart/" REDSTART_VERSION " OTel-OTLP-Exporter-C/" REDSTART_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &request->transfer);
    if (endpoint->protocol == OTLP_PROTOCOL_GRPC) {
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header_take);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
    }
    protocol_setup(easy, endpoint);
    tls_setup(easy, endpoint);
}

int otlp_request_init(struct otlp_request *request, struct otlp_http *http, const struct otlp_endpoint *endpoint,
                      void (*done)(struct otlp_transfer *transfer, CURLcode result))
{
    *request = (struct otlp_request){.transfer.done = done, .http = http, .endpoint = endpoint};
    buffer_init(&request->answer, ANSWER_KEPT);
    int error = otlp_tls_new(&request->tls, endpoint->tls_file);
    if (error)
        return error;
    request->easy = curl_easy_init();
    if (!request->easy || !headers_build(request))
        return -ENOMEM;
    easy_setup(request);
    return 0;
}

void otlp_request_release(struct otlp_request *request)
{
    if (request->easy)
        otlp_http_stop(request->http, request->easy);
    curl_easy_cleanup(request->easy);
    curl_slist_free_all(request->headers);
    otlp_tls_free(request->tls);
    buffer_release(&request->answer);
}

// A file that cannot be read now leaves the version before it in use; without one there is nothing to send with.
static int tls_refresh(struct otlp_request *request)
{
    struct otlp_tls_failure failure;
    int error = otlp_tls_refresh(request->tls, request->easy, &failure);
    if (!error || otlp_tls_ready(request->tls))
        return 0;
    snprintf(request->error, sizeof(request->error), "%s: %s", failure.file, failure.text);
    return error;
}

int otlp_request_start(struct otlp_request *request, struct str body, struct otlp_answer *ret_answer)
{
    buffer_reset(&request->answer);
    request->answer_bytes = request->sent = 0;
    request->error[0] = 0;
    request->body = body;
    otlp_grpc_answer_init(&request->grpc);
    if (request->endpoint->protocol == OTLP_PROTOCOL_GRPC) {
        otlp_grpc_prefix(request->prefix, request->endpoint->gzip, (uint32_t)body.n);
        request->prefix_n = sizeof(request->prefix);
    }
    curl_easy_setopt(request->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(request->prefix_n + body.n));
    int error = tls_refresh(request);
    if (!error)
        error = otlp_http_start(request->http, request->easy);
    if (error)
        *ret_answer = (struct otlp_answer){.transfer = CURLE_FAILED_INIT, .text = request->error};
    return error;
}

void otlp_request_stop(struct otlp_request *request)
{
    otlp_http_stop(request->http, request->easy);
}

// Why an answer over HTTP refuses, as far as it says.
static const char *refusal_text(struct otlp_request *request)
{
    const char *type = NULL;
    curl_easy_getinfo(request->easy, CURLINFO_CONTENT_TYPE, &type);
    otlp_refusal_read(type, (struct str){request->answer.p, request->answer.n}, request->error);
    return request->error;
}

struct otlp_answer otlp_request_answer(struct otlp_request *request, CURLcode result)
{
    struct otlp_answer answer = {.transfer = result};
    curl_off_t retry_after = 0;
    curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &retry_after); // seconds, also from a date
    if (retry_after > 0)
        answer.retry_after_ns = (retry_after < 86400 ? (uint64_t)retry_after : 86400) * NS_PER_SEC;
    answer.text = request->error[0] ? request->error : curl_easy_strerror(result);
    if (request->endpoint->protocol != OTLP_PROTOCOL_GRPC && result == CURLE_OK)
        answer.text = answer.status >= 300 ? refusal_text(request) : "";
    if (request->endpoint->protocol != OTLP_PROTOCOL_GRPC || result != CURLE_OK)
        return answer;
    answer.grpc = true;
    answer.grpc_status = request->grpc.status;
    if (answer.grpc_status == OTLP_GRPC_ABSENT)
        answer.grpc_status = otlp_grpc_status_of_http(answer.status);
    answer.retry_info = request->grpc.retry_info;
    if (answer.retry_info)
        answer.retry_after_ns = request->grpc.retry_after_ns;
    answer.text = request->grpc.message;
    return answer;
}

struct str otlp_request_message(const struct otlp_request *request)
{
    struct str body = {request->answer.p, request->answer.n};
    if (request->answer_bytes != request->answer.n)
        return STR("");
    return request->endpoint->protocol == OTLP_PROTOCOL_GRPC ? otlp_grpc_unframe(body) : body;
}
