// gRPC's frame and status; see otlp_grpc.h.
#include "collector/export/otlp_grpc.h"

#include <string.h>
#include "collector/core/clock.h"
#include "google/rpc/status.pb-c.h"

#define DETAILS_MAX       2048 // decoded; a status with RetryInfo has some 60 bytes
#define RETRY_INFO        "type.googleapis.com/google.rpc.RetryInfo"
#define RETRY_SECONDS_MAX 86400

void otlp_grpc_answer_init(struct otlp_grpc_answer *answer)
{
    *answer = (struct otlp_grpc_answer){.status = OTLP_GRPC_ABSENT};
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

// Padded or not, as gRPC has it. False: it is not base64, or longer than the room.
static bool base64_decode(struct str text, uint8_t *bytes, size_t room, size_t *ret_size)
{
    size_t n = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    while (text.n && text.p[text.n - 1] == '=')
        text.n--;
    for (size_t i = 0; i < text.n; i++) {
        int digit = base64_digit(text.p[i]);
        if (digit < 0 || n == room)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[n++] = (uint8_t)(bits >> held);
        }
    }
    *ret_size = n;
    return true;
}

static void retry_info_take(struct otlp_grpc_answer *answer, const ProtobufCBinaryData *value)
{
    Google__Rpc__RetryInfo *info = google__rpc__retry_info__unpack(NULL, value->len, value->data);
    if (!info)
        return;
    answer->retry_info = true;
    answer->retry_after_ns = 0;
    const Google__Rpc__Duration *delay = info->retry_delay;
    if (delay && delay->seconds >= 0 && delay->nanos >= 0) {
        uint64_t seconds = delay->seconds < RETRY_SECONDS_MAX ? (uint64_t)delay->seconds : RETRY_SECONDS_MAX;
        answer->retry_after_ns = seconds * NS_PER_SEC + (uint64_t)delay->nanos;
    }
    google__rpc__retry_info__free_unpacked(info, NULL);
}

static void details_take(struct otlp_grpc_answer *answer, struct str text)
{
    uint8_t bytes[DETAILS_MAX];
    size_t n;
    if (!base64_decode(text, bytes, sizeof(bytes), &n))
        return;
    Google__Rpc__Status *status = google__rpc__status__unpack(NULL, n, bytes);
    for (size_t i = 0; status && i < status->n_details; i++)
        if (strcmp(status->details[i]->type_url, RETRY_INFO) == 0)
            retry_info_take(answer, &status->details[i]->value);
    google__rpc__status__free_unpacked(status, NULL);
}

static void status_take(struct otlp_grpc_answer *answer, struct str text)
{
    int status = 0;
    bool decimal = text.n > 0 && text.n <= 2;
    for (size_t i = 0; decimal && i < text.n; i++) {
        decimal = text.p[i] >= '0' && text.p[i] <= '9';
        status = 10 * status + (text.p[i] - '0');
    }
    answer->status = decimal ? status : OTLP_GRPC_UNKNOWN;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Percent-encoded UTF-8; a broken escape stays as it is. For logs only, which make control bytes harmless.
static void message_take(struct otlp_grpc_answer *answer, struct str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n && n < sizeof(answer->message) - 1; i++) {
        bool escape = text.p[i] == '%' && i + 2 < text.n;
        int high = escape ? hex_digit(text.p[i + 1]) : -1, low = escape ? hex_digit(text.p[i + 2]) : -1;
        bool good = high >= 0 && low >= 0 && (high || low);
        answer->message[n++] = good ? (char)(high << 4 | low) : text.p[i];
        i += good ? 2 : 0;
    }
    answer->message[n] = 0;
}

void otlp_grpc_header(struct otlp_grpc_answer *answer, struct str line)
{
    static const struct {
        struct str name;
        void (*take)(struct otlp_grpc_answer *answer, struct str value);
    } headers[] = {
        {{"grpc-status", 11}, status_take},
        {{"grpc-message", 12}, message_take},
        {{"grpc-status-details-bin", 23}, details_take},
    };
    const char *colon = line.n ? memchr(line.p, ':', line.n) : NULL;
    if (!colon)
        return;
    struct str name = {line.p, (size_t)(colon - line.p)}, value = {colon + 1, line.n - name.n - 1};
    while (value.n && (value.p[0] == ' ' || value.p[0] == '\t'))
        value = (struct str){value.p + 1, value.n - 1};
    while (value.n && (unsigned char)value.p[value.n - 1] <= ' ')
        value.n--;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        if (str_equal_nocase(name, headers[i].name))
            headers[i].take(answer, value);
}

enum otlp_grpc_status otlp_grpc_status_of_http(long status)
{
    switch (status) {
    case 400:
    case 431:
        return OTLP_GRPC_INTERNAL;
    case 401:
        return OTLP_GRPC_UNAUTHENTICATED;
    case 403:
        return OTLP_GRPC_PERMISSION_DENIED;
    case 404:
        return OTLP_GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return OTLP_GRPC_UNAVAILABLE;
    default:
        return OTLP_GRPC_UNKNOWN;
    }
}

void otlp_grpc_prefix(uint8_t prefix[OTLP_GRPC_PREFIX_SIZE], bool compressed, uint32_t length)
{
    prefix[0] = compressed;
    for (unsigned i = 0; i < 4; i++)
        prefix[1 + i] = (uint8_t)(length >> (24 - 8 * i));
}

struct str otlp_grpc_unframe(struct str body)
{
    const uint8_t *p = (const uint8_t *)body.p;
    if (body.n < OTLP_GRPC_PREFIX_SIZE || p[0] != 0)
        return STR("");
    uint32_t length = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
    if (length != body.n - OTLP_GRPC_PREFIX_SIZE)
        return STR("");
    return (struct str){body.p + OTLP_GRPC_PREFIX_SIZE, length};
}
