// gRPC's part of a unary call over HTTP/2 (grpc/grpc doc/PROTOCOL-HTTP2.md): the frame around a message, and the status
// in headers and trailers. Called by otlp_request.c. Pure; headers and answers are whatever the endpoint sent.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "common/lib/str.h"

#define OTLP_GRPC_PREFIX_SIZE 5
#define OTLP_GRPC_MESSAGE_MAX 200

// grpc-status; those that decide about retries.
enum otlp_grpc_status {
    OTLP_GRPC_ABSENT = -1, // no grpc-status came
    OTLP_GRPC_OK = 0,
    OTLP_GRPC_CANCELLED = 1,
    OTLP_GRPC_UNKNOWN = 2,
    OTLP_GRPC_DEADLINE_EXCEEDED = 4,
    OTLP_GRPC_PERMISSION_DENIED = 7,
    OTLP_GRPC_RESOURCE_EXHAUSTED = 8,
    OTLP_GRPC_ABORTED = 10,
    OTLP_GRPC_OUT_OF_RANGE = 11,
    OTLP_GRPC_UNIMPLEMENTED = 12,
    OTLP_GRPC_INTERNAL = 13,
    OTLP_GRPC_UNAVAILABLE = 14,
    OTLP_GRPC_DATA_LOSS = 15,
    OTLP_GRPC_UNAUTHENTICATED = 16,
};

struct otlp_grpc_answer {
    int status;
    bool retry_info;         // the server says when to come back
    uint64_t retry_after_ns; // with retry_info
    char message[OTLP_GRPC_MESSAGE_MAX];
};

void otlp_grpc_answer_init(struct otlp_grpc_answer *answer);
// Takes one line of headers or trailers, as libcurl hands them over ("name: value\r\n").
void otlp_grpc_header(struct otlp_grpc_answer *answer, struct str line);
// What an HTTP status means where no grpc-status came.
enum otlp_grpc_status otlp_grpc_status_of_http(long status);

void otlp_grpc_prefix(uint8_t prefix[OTLP_GRPC_PREFIX_SIZE], bool compressed, uint32_t length);
// The one message of an answer's body; empty if it is anything else (compressed, cut off, several).
struct str otlp_grpc_unframe(struct str body);
