// The retry rules; see otlp_retry.h.
#include "collector/export/otlp_retry.h"

#include <curl/curl.h>
#include "collector/core/clock.h"
#include "collector/export/otlp_grpc.h"

#define DELAY_FIRST_NS     NS_PER_SEC
#define DELAY_MAX_NS       (30 * NS_PER_SEC)
#define RETRY_AFTER_MAX_NS (3600 * NS_PER_SEC)

// Failures of the transfer that no later attempt will cure: a wrong URL, an answer beyond the cap. Certificates are
// tried again, on either side they may be about to be renewed; nothing was sent.
static bool transfer_hopeless(int transfer)
{
    switch (transfer) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_WRITE_ERROR:
        return true;
    default:
        return false;
    }
}

static enum otlp_verdict grpc_judge(const struct otlp_answer *answer)
{
    switch (answer->grpc_status) {
    case OTLP_GRPC_OK:
        return OTLP_VERDICT_ACCEPTED;
    case OTLP_GRPC_RESOURCE_EXHAUSTED:
        return answer->retry_info ? OTLP_VERDICT_RETRY : OTLP_VERDICT_REFUSED;
    case OTLP_GRPC_CANCELLED:
    case OTLP_GRPC_DEADLINE_EXCEEDED:
    case OTLP_GRPC_ABORTED:
    case OTLP_GRPC_OUT_OF_RANGE:
    case OTLP_GRPC_UNAVAILABLE:
    case OTLP_GRPC_DATA_LOSS:
        return OTLP_VERDICT_RETRY;
    default:
        return OTLP_VERDICT_REFUSED;
    }
}

enum otlp_verdict otlp_retry_judge(const struct otlp_answer *answer)
{
    if (answer->transfer != CURLE_OK)
        return transfer_hopeless(answer->transfer) ? OTLP_VERDICT_REFUSED : OTLP_VERDICT_RETRY;
    if (answer->grpc)
        return grpc_judge(answer);
    switch (answer->status) {
    case 429:
    case 502:
    case 503:
    case 504:
        return OTLP_VERDICT_RETRY;
    default:
        return answer->status >= 200 && answer->status < 300 ? OTLP_VERDICT_ACCEPTED : OTLP_VERDICT_REFUSED;
    }
}

uint64_t otlp_retry_delay(unsigned attempt, uint64_t retry_after_ns, uint32_t random)
{
    uint64_t delay = DELAY_FIRST_NS;
    for (unsigned i = 0; i < attempt && delay < DELAY_MAX_NS; i++)
        delay += delay / 2;
    if (delay > DELAY_MAX_NS)
        delay = DELAY_MAX_NS;
    delay = delay / 2 + delay / 1000 * (random % 1000); // half to one and a half
    if (retry_after_ns > RETRY_AFTER_MAX_NS)
        retry_after_ns = RETRY_AFTER_MAX_NS;
    return delay > retry_after_ns ? delay : retry_after_ns;
}
