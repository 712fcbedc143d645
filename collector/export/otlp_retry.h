// What an answer, or its absence, means for a request, and how long to wait before the next attempt (OTLP 1.11,
// "Failures" and "Throttling"). Called by otlp_channel.c. Pure; the answer is whatever the endpoint sent.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum otlp_verdict {
    OTLP_VERDICT_ACCEPTED,
    OTLP_VERDICT_REFUSED, // for good
    OTLP_VERDICT_RETRY,
};

struct otlp_answer {
    int transfer;            // CURLcode
    long status;             // HTTP; 0: none came
    uint64_t retry_after_ns; // 0: not said
    bool grpc, retry_info;   // a gRPC call whose transfer came to its end; it carries RetryInfo
    int grpc_status;
    const char *text; // for logs: what libcurl or the gRPC status says; never NULL in an answer of a request
};

enum otlp_verdict otlp_retry_judge(const struct otlp_answer *answer);
// attempt: 0 after the first one. random: uniform, for the jitter.
uint64_t otlp_retry_delay(unsigned attempt, uint64_t retry_after_ns, uint32_t random);
