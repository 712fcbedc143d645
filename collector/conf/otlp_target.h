// A place to push to as its administrator wrote it: an --otlp of the command line, or an item of `otlp:` in the
// configuration file. Filled by options.c or by the reader of the file, turned into endpoints by otlp_endpoint.c, which
// also judges the values: texts come as they stand there. NULL or 0: nothing was said, a variable or a default holds.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "collector/export/otlp_settings.h"

struct otlp_target {
    const char *where;    // of the file, for messages: "redstart.yaml:12"; NULL: the command line
    const char *endpoint; // of all signals: http://HOST:4318, https://..., unix:///PATH, for grpc also HOST:4317
    const char *protocol; // "http/protobuf", "grpc"
    unsigned signals;     // 1 << enum self_signal; 0: all
    struct {
        const char *name, *value;
    } headers[OTLP_HEADERS_MAX];
    unsigned header_count;
    const char *compression; // "gzip", "none"
    bool timeout_given;
    uint64_t timeout_ns; // of one attempt; 0: none
    const char *tls_file[OTLP_TLS_FILE_MAX];
};
