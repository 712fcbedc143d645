// libcurl's multi interface on the collector's loop: it tells which sockets and which time to wait for, the loop waits.
// Called by otlp_channel.c.
#pragma once

#include <curl/curl.h>
#include "collector/core/loop.h"

// One transfer at a time; hangs on an easy handle by CURLOPT_PRIVATE. done is called from the loop and may start the
// next.
struct otlp_transfer {
    void (*done)(struct otlp_transfer *transfer, CURLcode result);
};

struct otlp_http;
// 0 or -errno.
int otlp_http_new(struct otlp_http **ret_http, struct loop *loop) must_check;
// After all easy handles are stopped.
void otlp_http_free(struct otlp_http *http);
// Starts the transfer that is set up in the handle. 0 or -EIO.
int otlp_http_start(struct otlp_http *http, CURL *easy) must_check;
// Ends it without a call to done. Nothing happens if it is not running.
void otlp_http_stop(struct otlp_http *http, CURL *easy);
