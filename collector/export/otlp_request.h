// One attempt to send a message to an endpoint: what of its settings goes into the libcurl handle, what comes back out.
// The same over HTTP and gRPC, but for the frame and where the status is. Called by otlp_channel.c.
#pragma once

#include "collector/core/buffer.h"
#include "collector/export/otlp_grpc.h"
#include "collector/export/otlp_http.h"
#include "collector/export/otlp_retry.h"
#include "collector/export/otlp_settings.h"
#include "collector/export/otlp_tls.h"

struct otlp_request {
    struct otlp_transfer transfer; // first: done() gets a pointer to it
    struct otlp_http *http;
    const struct otlp_endpoint *endpoint;
    CURL *easy;
    struct curl_slist *headers;
    struct otlp_tls *tls;
    uint8_t prefix[OTLP_GRPC_PREFIX_SIZE];
    size_t prefix_n, sent; // sent: of prefix and body
    struct str body;
    struct buffer answer;
    uint64_t answer_bytes; // more than answer.n if it did not fit
    struct otlp_grpc_answer grpc;
    char error[CURL_ERROR_SIZE];
};

// Keeps the endpoint. done: called from the loop with the request (its first member) when an attempt has ended. 0 or
// -errno; release it in both cases.
int otlp_request_init(struct otlp_request *request, struct otlp_http *http, const struct otlp_endpoint *endpoint,
                      void (*done)(struct otlp_transfer *transfer, CURLcode result)) must_check;
void otlp_request_release(struct otlp_request *request);
// The body must stay until the attempt has ended or is stopped. 0, or -errno with an answer that says why.
int otlp_request_start(struct otlp_request *request, struct str body, struct otlp_answer *ret_answer) must_check;
void otlp_request_stop(struct otlp_request *request);
// What came of an attempt that has ended; its text stays until the next one.
struct otlp_answer otlp_request_answer(struct otlp_request *request, CURLcode result);
// The protobuf message in an answer's body; empty if there is none, or more than is kept.
struct str otlp_request_message(const struct otlp_request *request);
