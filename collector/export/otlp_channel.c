// Requests and retries; see otlp_channel.h.
#include "collector/export/otlp_channel.h"

#include <errno.h>
#include <sys/random.h>
#include "collector/core/clock.h"

enum channel_state { CHANNEL_IDLE, CHANNEL_SENDING, CHANNEL_WAITING };

struct otlp_channel {
    struct otlp_request request; // first: an attempt's end comes with a pointer to it
    struct loop *loop;
    struct otlp_channel_settings settings;
    struct otlp_channel_owner owner;
    struct str body;   // as it is sent
    uint64_t first_ns; // of the first attempt, monotonic
    unsigned attempt;
    enum channel_state state;
    bool hurry;
    int timer;
};

static void channel_end(struct otlp_channel *channel, enum otlp_outcome outcome, const struct otlp_answer *answer)
{
    struct str message = outcome == OTLP_OUTCOME_ACCEPTED ? otlp_request_message(&channel->request) : STR("");
    channel->state = CHANNEL_IDLE;
    channel->owner.done(channel->owner.context, outcome, answer, message);
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

static void attempt_judge(struct otlp_channel *channel, const struct otlp_answer *answer)
{
    switch (otlp_retry_judge(answer)) {
    case OTLP_VERDICT_ACCEPTED:
        channel_end(channel, OTLP_OUTCOME_ACCEPTED, answer);
        break;
    case OTLP_VERDICT_REFUSED:
        channel_end(channel, OTLP_OUTCOME_REFUSED, answer);
        break;
    case OTLP_VERDICT_RETRY:
        channel_retry(channel, answer);
        break;
    }
}

static void attempt_done(struct otlp_transfer *transfer, CURLcode result)
{
    struct otlp_channel *channel = (struct otlp_channel *)transfer;
    const struct otlp_answer answer = otlp_request_answer(&channel->request, result);
    attempt_judge(channel, &answer);
}

static void attempt_start(struct otlp_channel *channel)
{
    struct otlp_answer failure;
    loop_timer_period(channel->loop, channel->timer, 0);
    channel->state = CHANNEL_SENDING;
    if (otlp_request_start(&channel->request, channel->body, &failure) != 0)
        attempt_judge(channel, &failure);
}

static void wait_over(void *context)
{
    attempt_start(context);
}

int otlp_channel_new(struct otlp_channel **ret_channel, struct otlp_http *http, struct loop *loop,
                     const struct otlp_channel_settings *settings, const struct otlp_channel_owner *owner)
{
    struct otlp_channel *channel = calloc(1, sizeof(*channel));
    if (!channel)
        return -ENOMEM;
    *channel = (struct otlp_channel){.loop = loop, .settings = *settings, .owner = *owner};
    channel->timer = loop_timer_add(loop, 0, wait_over, channel);
    int error = otlp_request_init(&channel->request, http, settings->endpoint, attempt_done);
    if (!error && channel->timer < 0)
        error = channel->timer;
    if (error) {
        otlp_channel_free(channel);
        return error;
    }
    *ret_channel = channel;
    return 0;
}

void otlp_channel_free(struct otlp_channel *channel)
{
    if (!channel)
        return;
    otlp_request_release(&channel->request);
    loop_timer_remove(channel->loop, channel->timer);
    free(channel);
}

void otlp_channel_send(struct otlp_channel *channel, struct str body)
{
    channel->body = body;
    channel->attempt = 0;
    channel->first_ns = clock_monotonic_ns();
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
        otlp_request_stop(&channel->request);
    loop_timer_period(channel->loop, channel->timer, 0);
    channel_end(channel, OTLP_OUTCOME_GAVE_UP,
                &(struct otlp_answer){.transfer = CURLE_ABORTED_BY_CALLBACK, .text = "stopped"});
}
