// Requests and retries; see otlp_channel.h.
#include "collector/export/otlp_channel.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include "collector/core/clock.h"
#include "collector/export/otlp_gzip.h"
#include "collector/export/otlp_message.h"

#define ANSWER_MAX  (4 << 20)  // a longer answer is a refusal (OTLP 1.11)
#define ANSWER_KEPT (64 << 10) // enough for a partial success; the rest is counted and thrown away

enum channel_state { CHANNEL_IDLE, CHANNEL_SENDING, CHANNEL_WAITING };

struct otlp_channel {
    struct otlp_transfer transfer; // first: done() gets a pointer to it
    struct otlp_http *http;
    struct loop *loop;
    struct otlp_channel_settings settings;
    struct otlp_channel_owner owner;
    CURL *easy;
    struct curl_slist *headers;
    struct buffer body, packed, answer;
    uint64_t answer_bytes, first_ns; // first_ns: of the first attempt, monotonic
    unsigned attempt;
    enum channel_state state;
    bool hurry;
    int timer;
};

static size_t answer_take(char *bytes, size_t size, size_t n, void *context)
{
    struct otlp_channel *channel = context;
    size_t room = ANSWER_KEPT - channel->answer.n;
    channel->answer_bytes += n;
    if (channel->answer_bytes > ANSWER_MAX)
        return 0;
    buffer_add(&channel->answer, bytes, n < room ? n : room);
    return n;
}

static void channel_end(struct otlp_channel *channel, enum otlp_outcome outcome, const struct otlp_answer *answer)
{
    bool whole = channel->answer_bytes == channel->answer.n;
    struct str body = {channel->answer.p, whole && outcome == OTLP_OUTCOME_ACCEPTED ? channel->answer.n : 0};
    channel->state = CHANNEL_IDLE;
    channel->owner.done(channel->owner.context, outcome, answer, body);
}

static uint32_t random_number(void)
{
    uint32_t number = 0;
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number))
        number = (uint32_t)clock_monotonic_ns();
    return number;
}

static void channel_retry(struct otlp_channel *channel, const struct otlp_answer *answer)
{
    uint64_t delay = otlp_retry_delay(channel->attempt, answer->retry_after_ns, random_number());
    uint64_t elapsed = clock_monotonic_ns() - channel->first_ns;
    bool reachable = answer->transfer == CURLE_OK;
    if (elapsed + delay > channel->settings.give_up_ns || (channel->hurry && !reachable)) {
        channel_end(channel, OTLP_OUTCOME_GAVE_UP, answer);
        return;
    }
    channel->attempt++;
    channel->state = CHANNEL_WAITING;
    loop_timer_period(channel->loop, channel->timer, delay);
    channel->owner.retry(channel->owner.context, answer, delay);
}

static void attempt_done(struct otlp_transfer *transfer, CURLcode result)
{
    struct otlp_channel *channel = (struct otlp_channel *)transfer;
    struct otlp_answer answer = {.transfer = result};
    curl_off_t retry_after = 0;
    curl_easy_getinfo(channel->easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_easy_getinfo(channel->easy, CURLINFO_RETRY_AFTER, &retry_after); // seconds, also from a date
    if (retry_after > 0)
        answer.retry_after_ns = (retry_after < 86400 ? (uint64_t)retry_after : 86400) * NS_PER_SEC;
    switch (otlp_retry_judge(&answer)) {
    case OTLP_VERDICT_ACCEPTED:
        channel_end(channel, OTLP_OUTCOME_ACCEPTED, &answer);
        break;
    case OTLP_VERDICT_REFUSED:
        channel_end(channel, OTLP_OUTCOME_REFUSED, &answer);
        break;
    case OTLP_VERDICT_RETRY:
        channel_retry(channel, &answer);
        break;
    }
}

static void attempt_start(struct otlp_channel *channel)
{
    const struct buffer *body = channel->settings.gzip ? &channel->packed : &channel->body;
    loop_timer_period(channel->loop, channel->timer, 0);
    buffer_reset(&channel->answer);
    channel->answer_bytes = 0;
    channel->state = CHANNEL_SENDING;
    curl_easy_setopt(channel->easy, CURLOPT_POSTFIELDS, body->p);
    curl_easy_setopt(channel->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->n);
    if (otlp_http_start(channel->http, channel->easy) != 0)
        channel_retry(channel, &(struct otlp_answer){.transfer = CURLE_FAILED_INIT});
}

static void wait_over(void *context)
{
    attempt_start(context);
}

static bool header_add(struct otlp_channel *channel, const char *line)
{
    struct curl_slist *longer = curl_slist_append(channel->headers, line);
    if (longer)
        channel->headers = longer;
    return longer;
}

static bool headers_build(struct otlp_channel *channel)
{
    bool built = header_add(channel, "Content-Type: application/x-protobuf") && header_add(channel, "Expect:");
    if (channel->settings.gzip)
        built = built && header_add(channel, "Content-Encoding: gzip");
    for (const char *const *line = channel->settings.headers; line && *line; line++)
        built = built && header_add(channel, *line);
    return built;
}

static void easy_setup(struct otlp_channel *channel)
{
    long timeout_ms = (long)((channel->settings.timeout_ns + NS_PER_MS - 1) / NS_PER_MS);
    CURL *easy = channel->easy;
    curl_easy_setopt(easy, CURLOPT_URL, channel->settings.url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, channel->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "redstart/" REDSTART_VERSION " OTel-OTLP-Exporter-C/" REDSTART_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, channel);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &channel->transfer);
}

int otlp_channel_new(struct otlp_channel **ret_channel, struct otlp_http *http, struct loop *loop,
                     const struct otlp_channel_settings *settings, const struct otlp_channel_owner *owner)
{
    struct otlp_channel *channel = calloc(1, sizeof(*channel));
    if (!channel)
        return -ENOMEM;
    *channel = (struct otlp_channel){
        .transfer.done = attempt_done, .http = http, .loop = loop, .settings = *settings, .owner = *owner};
    buffer_init(&channel->body, OTLP_REQUEST_MAX);
    buffer_init(&channel->packed, OTLP_REQUEST_MAX + OTLP_REQUEST_MAX / 16);
    buffer_init(&channel->answer, ANSWER_KEPT);
    channel->timer = loop_timer_add(loop, 0, wait_over, channel);
    channel->easy = curl_easy_init();
    if (channel->timer < 0 || !channel->easy || !headers_build(channel)) {
        int error = channel->timer < 0 ? channel->timer : -ENOMEM;
        otlp_channel_free(channel);
        return error;
    }
    easy_setup(channel);
    *ret_channel = channel;
    return 0;
}

void otlp_channel_free(struct otlp_channel *channel)
{
    if (!channel)
        return;
    if (channel->easy)
        otlp_http_stop(channel->http, channel->easy);
    curl_easy_cleanup(channel->easy);
    curl_slist_free_all(channel->headers);
    loop_timer_remove(channel->loop, channel->timer);
    buffer_release(&channel->body);
    buffer_release(&channel->packed);
    buffer_release(&channel->answer);
    free(channel);
}

bool otlp_channel_busy(const struct otlp_channel *channel)
{
    return channel->state != CHANNEL_IDLE;
}

struct buffer *otlp_channel_body(struct otlp_channel *channel)
{
    return &channel->body;
}

void otlp_channel_send(struct otlp_channel *channel)
{
    channel->attempt = 0;
    channel->first_ns = clock_monotonic_ns();
    channel->answer_bytes = 0;
    if (channel->settings.gzip && otlp_gzip(&channel->body, &channel->packed) != 0)
        channel_end(channel, OTLP_OUTCOME_GAVE_UP, &(struct otlp_answer){.transfer = CURLE_OUT_OF_MEMORY});
    else
        attempt_start(channel);
}

void otlp_channel_hurry(struct otlp_channel *channel)
{
    channel->hurry = true;
    if (channel->state == CHANNEL_WAITING)
        attempt_start(channel);
}

void otlp_channel_abort(struct otlp_channel *channel)
{
    if (channel->state == CHANNEL_IDLE)
        return;
    if (channel->state == CHANNEL_SENDING)
        otlp_http_stop(channel->http, channel->easy);
    loop_timer_period(channel->loop, channel->timer, 0);
    channel_end(channel, OTLP_OUTCOME_GAVE_UP, &(struct otlp_answer){.transfer = CURLE_ABORTED_BY_CALLBACK});
}
