// See repeat.h. What is kept is a copy of the record, and the span that was made of the copy by the one code that makes
// spans. Two things of a head may be others than they were, for they are others in each: the value of traceparent,
// which is read anew, and the date of a response, which nobody reads.
#include "collector/conn/repeat.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include "collector/conn/record.h"
#include "collector/core/hash.h"

#define SETS             32 // a power of two
#define WAYS             4
#define HASHED           40 // bytes of a request by which its set is chosen
#define KEEP_ONE_IN      16 // requests that are never the same twice are not all worth keeping
#define TRACEPARENT_SIZE 55
#define DATE_SIZE        29 // RFC 9110 5.6.7

// Up to its empty line. In the hole there is no line's end; hole_n 0: none, and it is at the end.
struct head {
    uint16_t n, hole, hole_n;
};

struct repeated {
    uint64_t hash; // 0: free
    struct head request, response;
    bool ends;        // its last bytes are compared, too: they say that it is whole
    struct span span; // of the copy
    struct trace_context parent;
    struct http1_headers headers; // of the request, with this exchange's traceparent
    union record_room copy;
};

struct repeat {
    uint64_t seed, likenesses;
    unsigned unknown;
    struct repeated set[SETS][WAYS];
};

int repeat_new(struct repeat **ret_repeat)
{
    *ret_repeat = calloc(1, sizeof **ret_repeat);
    if (!*ret_repeat)
        return -ENOMEM;
    (*ret_repeat)->seed = hash_seed();
    return 0;
}

void repeat_free(struct repeat *repeat)
{
    free(repeat);
}

void repeat_forget(struct repeat *repeat)
{
    for (unsigned set = 0; repeat->likenesses && set < SETS; set++)
        for (unsigned way = 0; way < WAYS; way++)
            if (repeat->set[set][way].hash)
                repeat->set[set][way].hash = 0;
}

static uint64_t word_at(const struct http1_record *record, size_t place)
{
    uint64_t word;
    memcpy(&word, record->data + place, sizeof word);
    return word;
}

// Of at least HASHED bytes.
static uint64_t hash_of(const struct repeat *repeat, const struct http1_record *record)
{
    uint64_t sizes = record->request_bytes << 32 ^ record->response_bytes ^ repeat->seed;
    uint64_t hash = hash_mix(hash_mix(word_at(record, 0) ^ sizes, word_at(record, 8)) ^ word_at(record, 16),
                             word_at(record, 24) ^ word_at(record, 32) << 1);
    return hash ? hash : 1;
}

#define SAME(a, b, from, to)                                                                                           \
    (memcmp((const char *)(a) + offsetof(struct http1_record, from),                                                   \
            (const char *)(b) + offsetof(struct http1_record, from),                                                   \
            offsetof(struct http1_record, to) - offsetof(struct http1_record, from)) == 0)

static inline const uint8_t *client_address(const struct http1_record *record)
{
    return record->role == RECORD_ROLE_CLIENT ? record->local_address : record->remote_address;
}

static inline bool server_same(const struct http1_record *a, const struct http1_record *b)
{
    if (a->role == RECORD_ROLE_CLIENT)
        return a->remote_port == b->remote_port && SAME(a, b, remote_address, emitted);
    return a->local_port == b->local_port && SAME(a, b, local_address, remote_address);
}

// Kinds, flags, sizes and the server's end: all but times, the exchange's number, its process and the client's end.
static inline bool facts_same(const struct http1_record *a, const struct http1_record *b)
{
    return SAME(a, b, kind, pid) && SAME(a, b, request_bytes, tail) && SAME(a, b, request_captured, reserved) &&
           server_same(a, b);
}

static inline bool head_same(const struct head *head, const uint8_t *kept, const uint8_t *bytes)
{
    size_t behind = (size_t)head->hole + head->hole_n;
    if (memcmp(kept, bytes, head->hole) != 0)
        return false;
    return head->hole_n == 0 || (memcmp(kept + behind, bytes + behind, head->n - behind) == 0 &&
                                 !memchr(bytes + head->hole, '\n', head->hole_n));
}

// The last chunk, see framing.c; what stands before it is the body's.
static inline bool end_same(const struct http1_record *a, const struct http1_record *b)
{
    return memcmp(a->tail + 1, b->tail + 1, TAIL_CAPTURE - 1) == 0;
}

// Spans tell which process it was, so each has its own; series do not.
static inline bool repeated_fits(const struct repeated *repeated, const struct http1_record *record, bool pid_told)
{
    const struct http1_record *copy = &repeated->copy.record;
    return facts_same(copy, record) && (!repeated->ends || end_same(copy, record)) &&
           (!pid_told || copy->pid == record->pid) && head_same(&repeated->request, copy->data, record->data) &&
           head_same(&repeated->response, copy->data + copy->response_offset, record->data + copy->response_offset);
}

static void client_update(struct repeated *repeated, const struct http1_record *record, bool particular)
{
    struct span *span = &repeated->span;
    struct http1_record *copy = &repeated->copy.record;
    if (particular && memcmp(client_address(copy), client_address(record), sizeof copy->local_address) != 0) {
        memcpy(copy->local_address, record->local_address, sizeof copy->local_address);
        memcpy(copy->remote_address, record->remote_address, sizeof copy->remote_address);
        exchange_client(record, span);
    }
    span->client.port = record->role == RECORD_ROLE_CLIENT ? record->local_port : record->remote_port;
}

struct span *repeat_find(struct repeat *repeat, const struct http1_record *record, const struct process *process,
                         const struct propagators *propagators)
{
    if (record->request_captured < HASHED)
        return NULL;
    uint64_t hash = hash_of(repeat, record);
    struct repeated *repeated = repeat->set[hash % SETS], *end = repeated + WAYS;
    while (repeated < end && !(repeated->hash == hash && repeated_fits(repeated, record, propagators != NULL)))
        repeated++;
    if (repeated == end)
        return NULL;
    bool particular = exchange_is_particular(record, propagators);
    if (particular && repeated->request.hole_n) {
        repeated->headers.traceparent.p = (const char *)record->data + repeated->request.hole;
        exchange_parent(&repeated->headers, propagators, &repeated->parent);
    }
    client_update(repeated, record, particular);
    exchange_measure(record, process, particular ? &repeated->parent : NULL, &repeated->span);
    return &repeated->span;
}

static struct head request_head(const struct exchange *exchange)
{
    struct str traceparent = exchange->request.headers.traceparent;
    struct head head = {.n = (uint16_t)exchange->request.head_size, .hole = (uint16_t)exchange->request.head_size};
    if (traceparent.n == TRACEPARENT_SIZE) {
        head.hole = (uint16_t)(traceparent.p - (const char *)exchange->record->data);
        head.hole_n = TRACEPARENT_SIZE;
    }
    return head;
}

// Of a chunked response that was captured whole all of it: where it ends is in there.
static struct head response_head(const struct exchange *exchange)
{
    static const char *const names[] = {"\r\nDate: ", "\r\ndate: "};
    struct str bytes = exchange_response_capture(exchange->record);
    bool whole = exchange->response.headers.chunked && record_response_whole(exchange->record);
    size_t n = whole ? bytes.n : exchange->response.head_size;
    struct head head = {.n = (uint16_t)n, .hole = (uint16_t)n};
    for (unsigned i = 0; i < array_size(names) && !head.hole_n; i++) {
        const char *name = memmem(bytes.p, exchange->response.head_size, names[i], strlen(names[i]));
        const char *date = name ? name + strlen(names[i]) : NULL;
        const char *line_end = date ? memchr(date, '\r', (size_t)(bytes.p + head.n - date)) : NULL;
        if (line_end && line_end - date == DATE_SIZE) {
            head.hole = (uint16_t)(date - bytes.p);
            head.hole_n = DATE_SIZE;
        }
    }
    return head;
}

// Does all that matters stand in what is compared? What was sent behind a request does not.
static bool repeatable(const struct exchange *exchange)
{
    const struct http1_record *record = exchange->record;
    uint64_t request_size = exchange_request_size(exchange);
    return record->kind == RECORD_KIND_HTTP1 && record->family != AF_UNIX && record->request_captured >= HASHED &&
           !(record->flags & (RECORD_FLAG_CLOSED | RECORD_FLAG_NO_REQUEST | RECORD_FLAG_NO_RESPONSE)) &&
           exchange->request.complete && exchange->response.complete &&
           (request_size == 0 || request_size >= record->request_captured);
}

void repeat_keep(struct repeat *repeat, const struct exchange *exchange, const struct propagators *propagators)
{
    if (repeat->unknown++ % KEEP_ONE_IN || !repeatable(exchange))
        return;
    uint64_t hash = hash_of(repeat, exchange->record);
    struct repeated *repeated = &repeat->set[hash % SETS][repeat->unknown / KEEP_ONE_IN % WAYS];
    struct http1_record *copy = &repeated->copy.record;
    struct exchange again;
    repeated->hash = 0;
    memcpy(copy, exchange->record, exchange->record->size);
    if (exchange_parse(copy, &again) != PARSE_OK)
        return;
    exchange_to_span(&again, NULL, propagators, &repeated->span);
    exchange_parent(&again.request.headers, propagators, &repeated->parent);
    repeated->headers = again.request.headers;
    repeated->request = request_head(&again);
    repeated->response = response_head(&again);
    repeated->ends = again.response.headers.chunked && !record_response_whole(copy);
    repeated->span.likeness = ++repeat->likenesses;
    repeated->hash = hash;
}
