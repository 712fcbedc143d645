// What an OTLP endpoint answers: export responses, bodies of errors, gRPC headers and frames. The first byte chooses
// which; headers are lines.
#include <string.h>
#include "collector/export/otlp_grpc.h"
#include "collector/export/otlp_partial.h"
#include "collector/export/otlp_refusal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void headers(struct str text)
{
    struct otlp_grpc_answer answer;
    otlp_grpc_answer_init(&answer);
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end + 1 - text.p) : text.n;
        otlp_grpc_header(&answer, (struct str){text.p, n});
        text = (struct str){text.p + n, text.n - n};
    }
    if (strlen(answer.message) >= OTLP_GRPC_MESSAGE_MAX || answer.status < OTLP_GRPC_ABSENT || answer.status > 99)
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str rest = {(const char *)data + 1, size - 1};
    if (data[0] == 'h') {
        headers(rest);
        return 0;
    }
    if (data[0] == 's' || data[0] == 't') {
        char text[OTLP_REFUSAL_MAX];
        otlp_refusal_read(data[0] == 's' ? "application/x-protobuf" : "text/plain", rest, text);
        if (strlen(text) >= OTLP_REFUSAL_MAX)
            __builtin_trap();
        return 0;
    }
    struct str message = data[0] == 'f' ? otlp_grpc_unframe(rest) : rest;
    struct otlp_partial metrics = otlp_partial_metrics(message), traces = otlp_partial_traces(message);
    if (strlen(metrics.message) >= OTLP_PARTIAL_MESSAGE_MAX || strlen(traces.message) >= OTLP_PARTIAL_MESSAGE_MAX)
        __builtin_trap();
    return 0;
}
