// See http1_repeat.h. Bytes are compared whole: who sends others can make his own heads cost what they cost without all
// this, and not change what they mean.
#include "collector/l7/http1_repeat.h"

#include "collector/core/hash.h"
#include "collector/l7/http1_headers.h"

#define SETS        16 // powers of two
#define WAYS        4
#define BLOCK_MIN   16
#define BLOCK_MAX   256
#define KEEP_ONE_IN 4 // of what was not known: heads that are never the same twice are not all worth keeping

struct block {
    uint16_t n; // bytes compared: up to the empty line, or if there was none all; 0: free
    uint16_t used;
    bool complete;
    struct http1_headers headers; // texts lie in `bytes`
    char bytes[BLOCK_MAX];
};

static struct block blocks[SETS][WAYS];

// The word at this place, or the last one.
static uint64_t word_near(const char *bytes, size_t n, size_t place)
{
    uint64_t word;
    memcpy(&word, bytes + (place + sizeof word < n ? place : n - sizeof word), sizeof word);
    return word;
}

// By a few words of the first lines. Where a head is shorter than that, its body may choose the set: no harm but time.
static struct block *set_of(const char *bytes, size_t n)
{
    uint64_t first = word_near(bytes, n, 0) ^ word_near(bytes, n, 16) << 1;
    uint64_t second = word_near(bytes, n, 32) ^ word_near(bytes, n, 56) << 1;
    return blocks[hash_mix(first, second) % SETS];
}

// What follows an empty line does not count.
static bool block_fits(const struct block *block, const char *bytes, size_t n)
{
    if (!block->n || (block->complete ? n < block->n : n != block->n))
        return false;
    return word_near(bytes, block->n, block->n) == word_near(block->bytes, block->n, block->n) &&
           memcmp(block->bytes, bytes, block->n) == 0;
}

static const struct block *block_find(const char *bytes, size_t n)
{
    if (n < BLOCK_MIN || n > BLOCK_MAX)
        return NULL;
    const struct block *set = set_of(bytes, n);
    for (unsigned way = 0; way < WAYS; way++)
        if (block_fits(&set[way], bytes, n))
            return &set[way];
    return NULL;
}

// A text of `from` at the same place of `to`. An empty one stays as it is: it may be a constant.
static inline struct str text_moved(struct str text, const char *from, const char *to)
{
    return (struct str){text.n ? to + (text.p - from) : text.p, text.n};
}

static void headers_move(const struct http1_headers *headers, const char *from, const char *to,
                         struct http1_headers *ret_headers)
{
    ret_headers->content_length = headers->content_length;
    ret_headers->chunked = headers->chunked;
    ret_headers->close = headers->close;
    ret_headers->keep_alive = headers->keep_alive;
    ret_headers->upgrade = headers->upgrade;
    ret_headers->host = text_moved(headers->host, from, to);
    ret_headers->user_agent = text_moved(headers->user_agent, from, to);
    ret_headers->traceparent = text_moved(headers->traceparent, from, to);
    ret_headers->tracestate = text_moved(headers->tracestate, from, to);
    ret_headers->b3.single = text_moved(headers->b3.single, from, to);
    ret_headers->b3.trace_id = text_moved(headers->b3.trace_id, from, to);
    ret_headers->b3.span_id = text_moved(headers->b3.span_id, from, to);
    ret_headers->b3.sampled = text_moved(headers->b3.sampled, from, to);
    ret_headers->b3.flags = text_moved(headers->b3.flags, from, to);
    ret_headers->forwarded_proto = text_moved(headers->forwarded_proto, from, to);
    ret_headers->forwarded_host = text_moved(headers->forwarded_host, from, to);
    ret_headers->forwarded_for = text_moved(headers->forwarded_for, from, to);
}

static void block_keep(struct block *block, struct str bytes, size_t used, bool complete,
                       const struct http1_headers *headers)
{
    block->n = (uint16_t)(complete ? used : bytes.n);
    block->used = (uint16_t)used;
    block->complete = complete;
    memcpy(block->bytes, bytes.p, block->n);
    headers_move(headers, bytes.p, block->bytes, &block->headers);
}

static bool unknown_parse(const char **cursor, const char *end, struct http1_headers *ret_headers)
{
    static unsigned unknown;
    const struct str bytes = {*cursor, (size_t)(end - *cursor)};
    bool complete = http1_headers_parse(cursor, end, ret_headers);
    size_t used = (size_t)(*cursor - bytes.p);
    if (used < sizeof(uint64_t) || bytes.n < BLOCK_MIN || bytes.n > BLOCK_MAX || unknown++ % KEEP_ONE_IN)
        return complete;
    block_keep(&set_of(bytes.p, bytes.n)[unknown / KEEP_ONE_IN % WAYS], bytes, used, complete, ret_headers);
    return complete;
}

bool http1_repeat_parse(const char **cursor, const char *end, struct http1_headers *ret_headers)
{
    const char *bytes = *cursor;
    const struct block *block = block_find(bytes, (size_t)(end - bytes));
    if (!block)
        return unknown_parse(cursor, end, ret_headers);
    headers_move(&block->headers, block->bytes, bytes, ret_headers);
    *cursor = bytes + block->used;
    return block->complete;
}

bool http1_repeat_response(const char **cursor, const char *end, struct http1_response_headers *ret_headers)
{
    const struct block *block = block_find(*cursor, (size_t)(end - *cursor));
    struct http1_headers parsed;
    const struct http1_headers *headers = block ? &block->headers : &parsed;
    bool complete = block ? block->complete : unknown_parse(cursor, end, &parsed);
    if (block)
        *cursor += block->used;
    *ret_headers = (struct http1_response_headers){headers->content_length, headers->chunked};
    return complete;
}
