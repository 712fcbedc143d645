// /metrics, /healthz and /readyz by libmicrohttpd, driven by the collector's own loop (no threads).
#pragma once

#include "collector/core/buffer.h"
#include "collector/core/loop.h"
#include "collector/export/prometheus_writer.h"
#include "collector/export/web.h"
#include "collector/meta/process.h"
#include "collector/red/red.h"
#include "collector/red/self.h"

struct exposition {
    const struct red *red;
    const struct self *self;
    const struct process_table *processes;
    const char *host_name;          // of target_info; NULL: prometheus_new asks the kernel
    void (*refresh)(void *context); // called before each page, brings *self up to date; may be NULL
    // A page in this format is wanted: what only such a page shows can begin to be kept. May be NULL.
    void (*asked)(void *context, enum prometheus_format format);
    const char *(*not_ready)(void *context); // NULL when ready, else the reason (for /readyz)
    void *context;
};

// The whole page. Pure.
void prometheus_format(struct buffer *buffer, const struct exposition *exposition, enum prometheus_format format);

struct prometheus;
// address: NULL for localhost (both ::1 and 127.0.0.1), "" for all, else an IP address or "[v6]". path: "/metrics" if
// NULL. web: TLS and who may read, taken also on failure; NULL: without TLS, everybody. 0 or -errno (-EADDRINUSE,
// -EACCES ...).
int prometheus_new(struct prometheus **ret_prometheus, struct loop *loop, const struct exposition *exposition,
                   const char *address, uint16_t port, const char *path, struct web *web) must_check;
// What is read again while it serves, for the sandbox. Ends in NULL.
void prometheus_files(const struct prometheus *prometheus, const char *ret_files[WEB_FILES_MAX + 1]);
void prometheus_free(struct prometheus *prometheus);
